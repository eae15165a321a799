//! Puts a hash of what plans follow from into the crate: a plan on disk must not outlive the code
//! that made it.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

/// The methods, and the quantised weights that they read. In a published crate the second folder
/// is absent, and the version, which is part of the key of a plan too, stands for it.
const FOLDERS: [&str; 2] = ["src", "../network/src/quant"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut hash = DefaultHasher::new();
    for folder in FOLDERS {
        if !Path::new(folder).exists() {
            continue;
        }
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(Path::new(folder), &mut files);
        files.sort();
        for file in files {
            file.hash(&mut hash);
            std::fs::read(&file).unwrap_or_default().hash(&mut hash);
        }
    }
    println!("cargo::rustc-env=SIGNLOOP_METHODS={:016x}", hash.finish());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
