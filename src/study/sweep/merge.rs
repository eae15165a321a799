//! Joins the shards of one sweep after checking that none is missing.

use std::{
    fs::File,
    io::{BufReader, Read as _, Write},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;

use super::{
    manifest::{Manifest, with_suffix},
    output::{Form, to_parquet},
};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, Problems},
    files::{self, write_atomically_with},
};

/// Joins finished shards, in any order, into the file that one run would have written.
///
/// # Errors
/// A shard is missing, given twice, changed since it was written, or of another sweep; a file that
/// is read would be written, or another one than a manifest be written over beside the result.
pub fn merge(shards: &[PathBuf], out: &Path) -> Result<Manifest> {
    let form = Form::of(out)?;
    // Shards and manifests are inputs from here on.
    let _command = files::Command::begin();
    for path in shards {
        files::note(path);
        files::note(&Manifest::beside(path));
    }
    files::may_write(out)?;
    Manifest::may_write(out)?;
    let mut problems = Problems::new();
    let mut found: Vec<(&PathBuf, Manifest)> = Vec::new();
    for path in shards {
        if path.extension().is_some_and(|extension| extension == "parquet") {
            problems.push(
                Problem::new("shards are merged as CSV")
                    .in_file(&path.display().to_string())
                    .hint("write the shards as `.csv` and merge them into a `.parquet` file"),
            );
            continue;
        }
        match Manifest::read(&Manifest::beside(path)) {
            Ok(manifest) => found.push((path, manifest)),
            Err(Error::Input(wrong)) => {
                for problem in wrong.iter() {
                    problems.push(problem.clone().hint(format!(
                        "the sweep that writes `{}` writes it at the end: is it finished?",
                        path.display()
                    )));
                }
            }
            Err(other) => return Err(other),
        }
    }
    problems.into_result(())?;
    let Some((first_path, first)) = found.first().cloned() else {
        return Err(Problem::new("no shards to merge").into());
    };
    let mut problems = Problems::new();
    for (path, manifest) in &found {
        let mismatch = if manifest.sweep != first.sweep {
            "another sweep, or other inputs,"
        } else if manifest.shards != first.shards {
            "another number of shards"
        } else {
            continue;
        };
        problems.push(
            Problem::new(format!("written by {mismatch} than `{}`", first_path.display()))
                .in_file(&path.display().to_string()),
        );
    }
    found.sort_by_key(|(_, manifest)| manifest.shard);
    for pair in found.windows(2) {
        if pair[0].1.shard == pair[1].1.shard {
            let message = format!("shard {} is given twice", pair[0].1.shard);
            problems.push(Problem::new(message).in_file(&pair[1].0.display().to_string()));
        }
    }
    let missing: Vec<String> = (1..=first.shards)
        .filter(|shard| !found.iter().any(|(_, manifest)| manifest.shard == *shard))
        .map(|shard| shard.to_string())
        .collect();
    if !missing.is_empty() && problems.is_empty() {
        let shown = missing[..missing.len().min(16)].join(", ");
        problems.push(
            Problem::new(format!(
                "{} of {} shards are missing: {shown}{}",
                missing.len(),
                first.shards,
                if missing.len() > 16 { ", …" } else { "" }
            ))
            .hint(format!("run them with `--shard {}/{}`", missing[0], first.shards)),
        );
    }
    problems.into_result(())?;
    write(&found, out, form)
}

fn write(found: &[(&PathBuf, Manifest)], out: &Path, form: Form) -> Result<Manifest> {
    let rows = match form {
        Form::Csv => out.to_owned(),
        Form::Parquet => with_suffix(out, ".part"),
    };
    let mut hasher = Xxh3::new();
    let mut bytes = write_atomically_with(&rows, |writer| {
        let mut bytes = 0;
        for (index, (path, manifest)) in found.iter().enumerate() {
            copy_checked(path, manifest, index > 0, writer, Some(&mut hasher))?;
            bytes += manifest.bytes - if index > 0 { manifest.header_bytes } else { 0 };
        }
        Ok(bytes)
    })?;
    let first = &found[0].1;
    let mut header_bytes = first.header_bytes;
    let mut xxh3 = format!("{:016x}", hasher.digest());
    if form == Form::Parquet {
        (bytes, xxh3) = to_parquet(&rows, out)?;
        header_bytes = 0;
        std::fs::remove_file(&rows).map_err(|error| Error::io("remove", &rows, error))?;
    }
    let manifest = Manifest {
        header_bytes,
        shard: 1,
        shards: 1,
        first_point: 0,
        end_point: first.all_points,
        bytes,
        xxh3,
        ..first.clone()
    };
    manifest.write(out)?;
    Ok(manifest)
}

/// Copies a file of rows while holding it against its manifest.
pub(super) fn copy_checked(
    path: &Path,
    manifest: &Manifest,
    without_header: bool,
    out: &mut dyn Write,
    mut hasher: Option<&mut Xxh3>,
) -> Result<()> {
    let failed = |error| Error::io("read", path, error);
    let changed = || -> Error {
        Problem::new("the file is not as the sweep wrote it")
            .in_file(&path.display().to_string())
            .hint("run this shard again")
            .into()
    };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut own = Xxh3::new();
    let mut read = 0_u64;
    let mut skip = if without_header { manifest.header_bytes } else { 0 };
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        own.update(&buffer[..count]);
        read += count as u64;
        let skipped = skip.min(count as u64);
        skip -= skipped;
        let rest = &buffer[skipped as usize..count];
        if let Some(hasher) = hasher.as_deref_mut() {
            hasher.update(rest);
        }
        out.write_all(rest).map_err(|error| Error::io("write", path, error))?;
    }
    if read != manifest.bytes || format!("{:016x}", own.digest()) != manifest.xxh3 {
        return Err(changed());
    }
    Ok(())
}
