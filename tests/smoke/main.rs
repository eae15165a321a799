//! Does it run? The binary, its streams and its exit codes.

mod book;
mod cache;
mod check;
mod examples;
mod hostile;
mod import;
mod inputs;
mod interruptions;
mod measure;
mod plot;
mod profile;
mod program;
mod report;
mod reproduce;
mod streams;
mod sweep;
mod train;

use assert_cmd::Command;

fn signloop() -> Command {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
}

#[test]
fn list_names_what_is_shipped() {
    let output = signloop().arg("list").assert().success().get_output().stdout.clone();
    let text = String::from_utf8(output).unwrap();
    for name in ["xeon-gold-6226", "resnet18-imagenet", "zero-skip", "signed-binary"] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn stats_of_the_default_workload_are_repeatable_json() {
    let run = |threads: &str| {
        let arguments = ["stats", "--workload", "resnet20-cifar10", "--format", "json"];
        signloop()
            .args(arguments)
            .env("RAYON_NUM_THREADS", threads)
            .assert()
            .success()
            .get_output()
            .stdout
            .clone()
    };
    let text = run("1");
    assert_eq!(text, run("2"));
    let rows: serde_json::Value = serde_json::from_slice(&text).unwrap();
    // 18 quantised layers under three schemes.
    assert_eq!(rows.as_array().unwrap().len(), 54);
}

#[test]
fn packed_weights_survive_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let npy = folder.path().join("fc1.weight.npy");
    let out = folder.path().join("packed.safetensors");
    let workload = folder.path().join("net.toml");
    std::fs::write(
        &workload,
        "name = \"n\"\n[input]\nchannels = 3\nheight = 1\nwidth = 1\n[weights]\nformat = \
         \"synthetic\"\n[[layer]]\nname = \"fc1\"\nkind = \"linear\"\nout_features = 2\n",
    )
    .unwrap();
    // A NumPy array of 2×3 floats, written by hand: header of 128 bytes, then the values.
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    bytes.extend(format!("{header:<117}\n").bytes());
    for value in [0.5_f32, -0.25, 1.0, -1.0, 0.0, 0.75] {
        bytes.extend(value.to_le_bytes());
    }
    std::fs::write(&npy, bytes).unwrap();
    signloop()
        .args(["pack", "--scheme", "ternary", "--provenance", "test"])
        .arg("--workload")
        .arg(&workload)
        .arg("--weights")
        .arg(&npy)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    let packed =
        signloop::network::quant::PackedWeights::parse("packed", &std::fs::read(&out).unwrap())
            .unwrap();
    let tensor = packed.tensor("fc1.weight").unwrap();
    assert_eq!(tensor.codes(), [1, -1, 1, -1, 0, 1]);
    // mean(0.5, 0.25, 1) and mean(1, 0.75).
    assert_eq!(tensor.scales(), [1.75 / 3.0, 0.875]);
}

#[test]
fn an_unknown_name_is_bad_input() {
    let output = signloop()
        .args(["stats", "--workload", "resnet20-cifar11"])
        .assert()
        .code(2)
        .get_output()
        .clone();
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("did you mean"));
}
