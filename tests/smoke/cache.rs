//! Plans on disk: found again, and never trusted.

use std::path::Path;

use assert_cmd::Command;

/// What is simulated where nothing else is said.
const DEFAULT: &[&str] = &["--scheme", "signed-binary", "--method", "shared-sum"];

/// The CSV of a small run of the searching methods, and what was said on standard error.
fn run(cache: &Path, extra: &[&str]) -> (Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_signloop"))
        .env("SIGNLOOP_CACHE_DIR", cache)
        .args(["simulate", "--arch", "raspberry-pi-4", "--workload", "resnet20-cifar10"])
        .args(["--format", "csv"])
        .args(if extra.contains(&"--method") { &[][..] } else { DEFAULT })
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

fn cache(folder: &Path, limit_mib: &str, extra: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
        .env("SIGNLOOP_CACHE_DIR", folder)
        .env("SIGNLOOP_CACHE_MIB", limit_mib)
        .arg("cache")
        .args(extra)
        .assert()
}

#[test]
fn the_cache_tells_its_size_and_clears() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[]);
    let state = |extra: &[&str]| -> serde_json::Value {
        let output = cache(folder.path(), "3", &[&["--format", "json"], extra].concat());
        serde_json::from_slice(&output.success().get_output().stdout).unwrap()
    };
    let full = state(&[]);
    let bytes: u64 = entries(folder.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    assert_eq!((&full["entries"], &full["bytes"]), (&18.into(), &bytes.into()));
    assert_eq!(full["limit_bytes"], 3 << 20);
    let cleared = state(&["--clear"]);
    assert_eq!((&cleared["entries"], &cleared["removed_entries"]), (&0.into(), &18.into()));
    assert!(entries(folder.path()).is_empty());
    cache(folder.path(), "0", &[]).code(2);
    cache(folder.path(), "plenty", &[]).code(2);
}

/// Binary weights have no zeros to leave out, so both forms of `sum-merge` are one plan.
#[test]
fn equal_plans_are_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let (text, _) =
        run(folder.path(), &["--scheme", "binary", "--method", "sum-merge,sum-merge-dense"]);
    assert_eq!(entries(folder.path()).len(), 18);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("sum-merge-dense")).count(), 18);
}
