//! Plans on disk: found again, and never trusted.

use std::path::Path;

use assert_cmd::Command;

/// The CSV of a small run of the searching methods, and what was said on standard error.
fn run(cache: &Path, extra: &[&str]) -> (Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_signloop"))
        .env("SIGNLOOP_CACHE_DIR", cache)
        .args(["simulate", "--arch", "raspberry-pi-4", "--workload", "resnet20-cifar10"])
        .args(["--scheme", "signed-binary", "--method", "shared-sum", "--format", "csv"])
        .args(extra)
        .assert()
        .success()
        .get_output()
        .clone();
    (output.stdout, String::from_utf8(output.stderr).unwrap())
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn kept_plans_give_equal_bytes_and_damaged_ones_are_planned_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (fresh, _) = run(folder.path(), &["--no-cache"]);
    assert!(entries(folder.path()).is_empty(), "--no-cache kept something");
    let (first, _) = run(folder.path(), &[]);
    // One plan for each of the 18 quantised layers, all different.
    let kept = entries(folder.path());
    assert_eq!(kept.len(), 18);
    let sound: Vec<Vec<u8>> = kept.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let (second, said) = run(folder.path(), &[]);
    assert_eq!((&first, &second), (&fresh, &fresh));
    assert!(!said.contains("damaged"), "{said}");

    // Empty, cut short, one bit turned in the middle, another layer's entry, not an entry at all,
    // and a longer one.
    let half = sound[1].len() / 2;
    let mut turned = sound[2].clone();
    turned[sound[2].len() / 2] ^= 1;
    let longer = [sound[5].as_slice(), &[0]].concat();
    let bad =
        [Vec::new(), sound[1][..half].to_vec(), turned, sound[4].clone(), vec![7; 900], longer];
    for (path, bytes) in kept.iter().zip(&bad) {
        std::fs::write(path, bytes).unwrap();
    }
    let (third, said) = run(folder.path(), &[]);
    assert_eq!(third, fresh);
    assert!(said.contains("6 damaged entries"), "{said}");
    let mended: Vec<Vec<u8>> = kept.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(mended, sound, "damaged entries were not replaced");
}

#[test]
fn a_folder_that_cannot_be_made_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let (with, _) = run(&file, &[]);
    let (without, _) = run(folder.path(), &["--no-cache"]);
    assert_eq!(with, without);
}

#[test]
fn equal_effort_gives_equal_bytes_on_any_thread_count() {
    let folder = tempfile::tempdir().unwrap();
    let threads = |count: &str| {
        Command::new(env!("CARGO_BIN_EXE_signloop"))
            .env("RAYON_NUM_THREADS", count)
            .env("SIGNLOOP_CACHE_DIR", folder.path())
            .args(["simulate", "--arch", "raspberry-pi-4", "--workload", "resnet20-cifar10"])
            .args(["--scheme", "binary", "--method", "shift-shared", "--format", "csv"])
            .args(["--effort", "0.02", "--no-cache"])
            .assert()
            .success()
            .get_output()
            .stdout
            .clone()
    };
    assert_eq!(threads("1"), threads("2"));
}
