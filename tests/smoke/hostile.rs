//! Does a user's slip cost a file, or end in silence?

use std::{
    path::Path,
    process::{Command, Output},
};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
        .current_dir(folder)
        .env("SIGNLOOP_CACHE_DIR", folder.join("cache"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Refused with a message, nothing on standard output, and the folder as it was.
fn refused(folder: &Path, arguments: &[&str], message: &str) {
    let listed = || {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (std::fs::read(&path).ok(), path))
            .collect();
        files.sort();
        files
    };
    let before = listed();
    let output = run(folder, arguments);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(told.contains(message), "{arguments:?}: {told}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(listed(), before, "{arguments:?}");
}

fn shipped(folder: &Path) {
    for (name, from) in
        [("machine.toml", "arch/epyc-7452.toml"), ("net.toml", "workloads/mlp-mnist.toml")]
    {
        std::fs::copy(from, folder.join(name)).unwrap();
    }
    std::fs::copy("examples/sweeps/l2-energies.toml", folder.join("sweep.toml")).unwrap();
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shipped(folder);
    std::fs::copy("tests/cases/accelerator/30_stc_2_4.toml", folder.join("acc.toml")).unwrap();
    let over = "would be written over";
    let run = ["--arch", "machine.toml", "--workload", "net.toml"];
    for (arguments, out) in [
        (&["simulate"][..], "net.toml"),
        (&["simulate"], "./machine.toml"),
        (&["check", "--save-baseline", "net.toml"], "other"),
        (&["check", "--save-baseline", "b.json", "--baseline", "b.json", "--junit", "b.json"], ""),
    ] {
        let out: &[&str] = if arguments[0] == "simulate" { &["--out", out] } else { &[] };
        refused(folder, &[arguments, &run, out].concat(), over);
    }
    refused(folder, &["stats", "--workload", "net.toml", "--out", "net.toml"], over);
    refused(folder, &["sweep", "sweep.toml", "--out", "sweep.toml"], over);
    refused(folder, &["merge", "a.csv", "b.csv", "--out", "b.csv"], over);
    refused(folder, &["import", "onnx", "m.safetensors", "--out", "m.toml"], over);
    refused(folder, &["import", "onnx", "m.onnx", "--out", "m.safetensors"], over);
    refused(
        folder,
        &["map", "--arch", "acc.toml", "--problem", "acc.toml", "--out", "acc.toml"],
        over,
    );
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shipped(folder);
    std::fs::copy("tests/cases/accelerator/30_stc_2_4.toml", folder.join("acc.toml")).unwrap();
    for option in [&["--verify"][..], &["--tile", "3"], &["--filter-group", "2"]] {
        refused(folder, &[&["simulate", "--arch", "acc.toml"], option].concat(), "a processor");
    }
    let save = ["check", "--save-baseline", "b.json", "--arch", "machine.toml", "--workload"];
    refused(folder, &[&save[..], &["net.toml", "--junit", "j.xml"]].concat(), "--baseline");
    let chosen = ["net.toml", "--scheme", "binary", "--junit", "j.xml"];
    refused(folder, &[&save[..], &chosen].concat(), "--baseline");
    for threads in ["0", "1025", "-1", "18446744073709551616", "two"] {
        let threads = format!("--threads={threads}");
        let arguments = ["map", "--arch", "eyeriss", "--workload", "net.toml", &threads];
        refused(folder, &arguments, "--threads");
    }
}

#[test]
fn rows_of_a_sweep_need_a_file_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shipped(folder);
    std::fs::create_dir(folder.join("rows.csv")).unwrap();
    for out in ["rows.csv", "/dev/null", "."] {
        if Path::new(out).exists() || out == "rows.csv" {
            refused(folder, &["sweep", "sweep.toml", "--out", out], "this is none");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_device_takes_a_result_and_stays_a_device() {
    let folder = tempfile::tempdir().unwrap();
    shipped(folder.path());
    std::os::unix::fs::symlink("/dev/null", folder.path().join("null")).unwrap();
    let arguments = ["stats", "--workload", "net.toml", "--out", "null"];
    let output = run(folder.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("null").is_symlink());
    let arguments = ["stats", "--workload", "net.toml", "--out", "/dev/stdout"];
    assert!(!run(folder.path(), &arguments).stdout.is_empty());
}

/// A message quotes what the user wrote, yet fits a screen.
#[test]
fn long_words_are_shortened() {
    let folder = tempfile::tempdir().unwrap();
    shipped(folder.path());
    let scheme = "x".repeat(100_000);
    let arguments = ["stats", "--workload", "net.toml", "--scheme", &scheme];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.len() < 8192, "{}", output.stderr.len());
}
