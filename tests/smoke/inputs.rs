//! Is every file that a command reads still there afterwards, whatever the command was told to write?

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Two small layers, with latent weights in a file that only the workload names.
const NETWORK: &str = r#"
name = "tiny"
description = "two layers"
dataset = "none"
[input]
batch = 1
channels = 2
height = 6
width = 6
[defaults]
quantized = true
activation_bits = 8
accumulator_bits = 32
output_bits = 8
[weights]
format = "npy"
file = "weights.npy"
[[layer]]
name = "conv1"
kind = "conv"
in_channels = 2
out_channels = 4
kernel = 3
padding = 1
tensor = "weights"
"#;

const SWEEP: &str = r#"
[grid]
arch = ["epyc-7452"]
workload = ["synthetic.toml"]
scheme = ["binary"]
method = ["dense"]
[[axis]]
key = "arch.core.clock_ghz"
from = 1.5
to = 3.0
step = 0.5
"#;

fn run(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
        .current_dir(folder)
        .env("SIGNLOOP_CACHE_DIR", folder.join("cache"))
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

fn done(folder: &Path, line: &str) {
    let output = run(folder, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A NumPy file of 4 x 2 x 3 x 3 float32 weights, named as the layer's tensor.
fn weights() -> Vec<u8> {
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2, 3, 3), }".to_owned();
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..72_u8).flat_map(|index| (f32::from(index % 7) - 3.0).to_le_bytes()));
    bytes
}

/// A folder with everything that the commands read.
fn room() -> tempfile::TempDir {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    fs::write(at("weights.npy"), weights()).unwrap();
    fs::write(at("net.toml"), NETWORK).unwrap();
    let synthetic =
        NETWORK.replace("format = \"npy\"\nfile = \"weights.npy\"", "format = \"synthetic\"");
    assert_ne!(synthetic, NETWORK);
    fs::write(at("synthetic.toml"), synthetic).unwrap();
    fs::write(at("sweep.toml"), SWEEP).unwrap();
    room
}

/// The command ends in exit code 2, and every file is there as it was, with no other beside them.
fn keeps(folder: &Path, line: &str) {
    let listed = || {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.ends_with("cache"))
            .map(|path| (path.clone(), fs::read(&path).ok(), path.is_symlink()))
            .collect();
        files.sort();
        files
    };
    let before = listed();
    let output = run(folder, line);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{line}: {told}");
    assert!(told.contains("error"), "{line}: {told}");
    assert_eq!(listed(), before, "{line}: {told}");
}

#[test]
fn weights_that_a_workload_names_are_kept() {
    let room = room();
    let folder = room.path();
    fs::hard_link(folder.join("weights.npy"), folder.join("twin.npy")).unwrap();
    for out in ["weights.npy", "./weights.npy", "twin.npy", "net.toml"] {
        keeps(folder, &format!("stats --workload net.toml --scheme ternary --out {out}"));
        keeps(
            folder,
            &format!(
                "simulate --arch epyc-7452 --workload net.toml --scheme ternary --method dense --out {out}"
            ),
        );
        keeps(
            folder,
            &format!(
                "map --arch eyeriss --workload net.toml --scheme ternary --evaluations 20 --out {out}"
            ),
        );
        keeps(
            folder,
            &format!(
                "program --workload net.toml --layer conv1 --scheme ternary --method zero-skip --format json --out {out}"
            ),
        );
    }
    done(folder, "stats --workload net.toml --scheme ternary --out other.txt");
}

#[test]
fn what_a_sweep_reads_is_kept_and_so_is_what_stands_where_it_works() {
    let room = room();
    let folder = room.path();
    for out in ["sweep.toml", "synthetic.toml"] {
        keeps(folder, &format!("sweep sweep.toml --out {out}"));
    }
    // Its own unfinished rows are named after the result.
    fs::copy(folder.join("sweep.toml"), folder.join("rows.csv.part")).unwrap();
    keeps(folder, "sweep rows.csv.part --out rows.csv");
    for more in ["", " --restart"] {
        keeps(folder, &format!("sweep sweep.toml --out rows.csv{more}"));
    }
    fs::write(folder.join("notes.csv.journal"), "notes of mine\n").unwrap();
    for more in ["", " --restart"] {
        keeps(folder, &format!("sweep sweep.toml --out notes.csv{more}"));
    }
    fs::write(folder.join("told.csv.manifest.json"), "{\"mine\": 1}").unwrap();
    keeps(folder, "sweep sweep.toml --out told.csv");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        fs::write(folder.join("victim"), "precious").unwrap();
        symlink("victim", folder.join("linked.csv.part")).unwrap();
        symlink("nowhere", folder.join("dangling.csv")).unwrap();
        keeps(folder, "sweep sweep.toml --out linked.csv");
        keeps(folder, "sweep sweep.toml --out dangling.csv");
    }
    done(folder, "sweep sweep.toml --out fine.csv");
    done(folder, "sweep sweep.toml --out fine.csv");
}

#[test]
fn shards_and_manifests_are_kept() {
    let room = room();
    let folder = room.path();
    done(folder, "sweep sweep.toml --shard 1/2 --out a.csv");
    done(folder, "sweep sweep.toml --shard 2/2 --out b.csv");
    for out in ["a.csv", "b.csv", "a.csv.manifest.json", "b.csv.manifest.json"] {
        keeps(folder, &format!("merge a.csv b.csv --out {out}"));
    }
    fs::write(folder.join("c.csv.manifest.json"), "not one of ours").unwrap();
    keeps(folder, "merge a.csv b.csv --out c.csv");
    done(folder, "merge a.csv b.csv --out all.csv");
    done(folder, "merge a.csv b.csv --out all.csv");
}

#[test]
fn what_a_baseline_names_is_kept() {
    let room = room();
    let folder = room.path();
    let save = "check --save-baseline base.json --arch epyc-7452 --workload synthetic.toml --scheme ternary --method dense";
    done(folder, save);
    for out in ["synthetic.toml", "base.json"] {
        keeps(folder, &format!("check --baseline base.json --junit {out}"));
        keeps(folder, &format!("check --baseline base.json --save-baseline {out}"));
    }
}

#[test]
fn measured_files_that_a_figure_is_made_from_are_kept() {
    let room = room();
    let folder = room.path();
    fs::write(
        folder.join("accuracy.csv"),
        "series,effectual_params,top1_percent,label\nbinary,100,80,a\nternary,50,70,b\n",
    )
    .unwrap();
    keeps(folder, "plot accuracy --from accuracy.csv --out .");
    done(folder, "plot accuracy --from accuracy.csv --out figures");
}

#[cfg(unix)]
#[test]
fn modes_are_kept_and_read_only_results_are_not_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = room();
    let folder = room.path();
    let line = "stats --workload synthetic.toml --scheme binary --out stats.txt";
    done(folder, line);
    let path = folder.join("stats.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    done(folder, line);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    keeps(folder, line);
}

#[test]
fn a_dash_is_standard_output() {
    let room = room();
    let folder = room.path();
    for line in [
        "stats --workload synthetic.toml --scheme binary",
        "simulate --arch epyc-7452 --workload synthetic.toml --scheme binary --method dense --format json",
        "sweep sweep.toml",
    ] {
        let plain = run(folder, line);
        let dash = run(folder, &format!("{line} --out -"));
        assert!(dash.status.success(), "{}", String::from_utf8_lossy(&dash.stderr));
        assert_eq!(String::from_utf8_lossy(&dash.stdout), String::from_utf8_lossy(&plain.stdout));
    }
    for line in ["plot accuracy --from x.csv --out -", "merge a.csv b.csv --out -"] {
        keeps(folder, line);
    }
    assert!(!folder.join("-").exists());
}
