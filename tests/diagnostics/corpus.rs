//! Does any input make the tool panic? The fuzzer's corpus, and every input that once did, replayed
//! without the fuzzer: `fuzz/run.sh` looks for new ones.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Replays the inputs of `folder/TARGET`; returns how many there are by target.
fn replay(folder: &str) -> Vec<(&'static str, usize)> {
    let of_target = |(name, body): &(&'static str, fn(&[u8]))| {
        let files = inputs(&Path::new(folder).join(name));
        files.par_iter().for_each(|file| {
            let bytes = std::fs::read(file).unwrap();
            let outcome = std::panic::catch_unwind(|| body(&bytes));
            assert!(outcome.is_ok(), "{} makes `{name}` panic", file.display());
        });
        (*name, files.len())
    };
    targets::TARGETS.par_iter().map(of_target).collect()
}

#[test]
fn no_input_of_the_corpus_panics() {
    for (target, count) in replay("fuzz/corpus") {
        assert!(count >= 3, "{target} has a corpus of {count}");
    }
}

#[test]
fn no_input_that_once_panicked_does() {
    let counts = replay("tests/cases/fuzz");
    let folders = inputs(Path::new("tests/cases/fuzz")).len();
    assert_eq!(counts.iter().filter(|(_, count)| *count > 0).count(), folders);
}

#[test]
fn every_target_has_a_binary_and_the_other_way_round() {
    let mut names: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let files = inputs(Path::new("fuzz/fuzz_targets"));
    let found: Vec<_> = files.iter().map(|file| file.file_stem().unwrap()).collect();
    assert_eq!(found, names);
    for (name, file) in names.iter().zip(&files) {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains(&format!("::{name}(data)")), "{name}");
    }
}
