//! What does a user see for each bad weight file? One snapshot a case.

use std::path::Path;

use assert_cmd::Command;

/// A network of one linear layer of 2 × 3 weights, `fc1.weight`.
pub(super) const NETWORK: &str = r#"name = "net"
[input]
channels = 3
height = 1
width = 1
[weights]
format = "synthetic"
[[layer]]
name = "fc1"
kind = "linear"
out_features = 2
"#;

/// A safetensors file of one f32 tensor whose header says what it is told to.
fn safetensors(name: &str, shape: &str, values: &[f32]) -> Vec<u8> {
    let end = values.len() * 4;
    let header =
        format!(r#"{{"{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A NumPy array whose header says what it is told to.
fn npy(header: &str, values: &[f32]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// What `stats` says of a weight file, run in a folder that holds it and the network.
fn refused(folder: &Path, weights: &str) -> String {
    let out = folder.join("out.json");
    let output = Command::new(env!("CARGO_BIN_EXE_signloop"))
        .current_dir(folder)
        .args(["stats", "--workload", "net.toml", "--scheme", "binary", "--weights", weights])
        .args(["--format", "json", "--out", "out.json"])
        .assert()
        .code(2)
        .get_output()
        .clone();
    assert!(output.stdout.is_empty(), "{weights}: data was printed");
    assert!(!out.exists(), "{weights}: a file was written");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn bad_weight_files() {
    const SIX: [f32; 6] = [0.5, -0.25, 1.0, -1.0, 0.0, 0.75];
    let with = |value: f32| [0.5, -0.25, value, -1.0, 0.0, 0.75];
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    let good = safetensors("fc1.weight", "[2,3]", &SIX);
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("nan", "w.safetensors", safetensors("fc1.weight", "[2,3]", &with(f32::NAN))),
        ("infinity", "w.safetensors", safetensors("fc1.weight", "[2,3]", &with(f32::INFINITY))),
        ("another-shape", "w.safetensors", safetensors("fc1.weight", "[3,2]", &SIX)),
        ("another-name", "w.safetensors", safetensors("fc1.wieght", "[2,3]", &SIX)),
        ("shape-beyond-data", "w.safetensors", safetensors("fc1.weight", "[2,4]", &SIX)),
        ("huge-shape", "w.safetensors", safetensors("fc1.weight", "[4294967296,4294967296]", &SIX)),
        ("huge-header", "w.safetensors", u64::MAX.to_le_bytes().to_vec()),
        ("cut-short", "w.safetensors", good[..good.len() - 5].to_vec()),
        ("empty", "w.safetensors", Vec::new()),
        ("unknown-kind", "w.pickle", good),
        ("npy-cut-short", "fc1.weight.npy", npy(header, &SIX[..5])),
        (
            "npy-huge-shape",
            "fc1.weight.npy",
            npy(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000), }",
                &SIX,
            ),
        ),
        (
            "npy-fortran",
            "fc1.weight.npy",
            npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", &SIX),
        ),
        (
            "npy-complex",
            "fc1.weight.npy",
            npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3), }", &SIX),
        ),
        ("npz-no-archive", "w.npz", b"PK\x03\x04 not a zip".to_vec()),
    ];
    for (name, file, bytes) in cases {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("net.toml"), NETWORK).unwrap();
        std::fs::write(folder.path().join(file), bytes).unwrap();
        insta::assert_snapshot!(format!("weights-{name}"), refused(folder.path(), file));
    }
}

#[test]
fn weights_that_are_no_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.toml"), NETWORK).unwrap();
    std::fs::create_dir(folder.path().join("folder.npz")).unwrap();
    insta::assert_snapshot!("weights-missing", refused(folder.path(), "absent.npz"));
    insta::assert_snapshot!("weights-a-directory", refused(folder.path(), "folder.npz"));
}
