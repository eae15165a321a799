//! Does `measure` run at every instruction set that the processor has, and refuse others?

use super::signloop;

const LAYER: [&str; 10] = [
    "measure",
    "--workload",
    "resnet20-cifar10",
    "--layer",
    "layer1.0.conv1",
    "--scheme",
    "signed-binary",
    "--rounds",
    "1",
    "--format",
];

#[test]
fn every_instruction_set_runs() {
    for isa in ["scalar", "avx2", "avx512"] {
        let output = signloop().env("SIGNLOOP_ISA", isa).args(LAYER).arg("json").output().unwrap();
        if output.status.code() == Some(2) {
            // Only because the processor lacks it.
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(isa != "scalar" && message.contains("this processor has no"), "{message}");
            continue;
        }
        let measured: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let rows = measured["layers"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["isa"] == isa && row["min_us"].as_f64().unwrap() > 0.0));
        // Two kernels and the dense competitor under each of two activation types; another
        // competitor where the processor has AMX and no instruction set is held back.
        let (amx, others): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| row["method"] == "dense-amx");
        assert_eq!(others.len(), 6);
        assert!(amx.len() <= usize::from(isa == "avx512"));
    }
}

#[test]
fn an_unknown_instruction_set_is_refused() {
    let output = signloop().env("SIGNLOOP_ISA", "mmx").args(LAYER).arg("json").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("unknown instruction set `mmx`"));
}
