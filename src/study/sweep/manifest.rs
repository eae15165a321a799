//! What stands beside a finished file of rows: which points it holds, of which sweep.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::grid::Shard;
use crate::report::json;
use signloop_base::{
    Error, Result,
    config::read_text,
    diagnostics::{Problem, SourceFile},
    files::{self, write_atomically},
};

/// Version of the format.
pub(super) const FORMAT: &str = "signloop-sweep-2";
/// What the format of every version begins with.
const FORMAT_FAMILY: &str = "signloop-sweep-";

/// `OUT.manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// File format and version.
    pub format: String,
    /// Hash of the sweep file and of all that it names, in hexadecimal.
    pub sweep: String,
    /// This part, from 1.
    pub shard: u64,
    /// Parts.
    pub shards: u64,
    /// First point.
    pub first_point: u64,
    /// The point after the last.
    pub end_point: u64,
    /// Points of the whole sweep.
    pub all_points: u64,
    /// Bytes of the header line.
    pub header_bytes: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// XXH3 of the file, in hexadecimal.
    pub xxh3: String,
}

impl Manifest {
    /// The manifest's file beside a file of rows.
    #[must_use]
    pub fn beside(rows: &Path) -> PathBuf {
        with_suffix(rows, ".manifest.json")
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// The file is missing, is no manifest, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&SourceFile::new(path.display().to_string(), read_text(path)?))
    }

    /// The manifest beside a file of this run's own, which may be written anew.
    pub(super) fn read_own(rows: &Path) -> Result<Self> {
        let path = Self::beside(rows);
        let text =
            std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, error))?;
        Self::parse(&SourceFile::new(path.display().to_string(), text))
    }

    /// Whether a manifest may be written beside a file of rows: nothing else than a manifest is
    /// written over.
    ///
    /// # Errors
    /// Another file is in the way, or this command reads it.
    pub fn may_write(rows: &Path) -> Result<()> {
        let path = Self::beside(rows);
        let foreign = path.exists()
            && std::fs::read(&path).map_or(true, |bytes| {
                let found = serde_json::from_slice::<serde_json::Value>(&bytes);
                let format =
                    found.ok().and_then(|found| Some(found.get("format")?.as_str()?.to_owned()));
                !format.is_some_and(|format| format.starts_with(FORMAT_FAMILY))
            });
        if foreign {
            return Err(Problem::new("the manifest would be written over another file")
                .in_file(&path.display().to_string())
                .hint("move it away, or write to another file")
                .into());
        }
        files::may_write(&path)
    }

    /// Parses a manifest's text.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn parse(file: &SourceFile) -> Result<Self> {
        let wrong =
            |message: String| -> Error { Problem::new(message).in_file(file.name()).into() };
        let manifest: Self = serde_json::from_str(file.text())
            .map_err(|error| wrong(format!("not a sweep's manifest: {error}")))?;
        if manifest.format != FORMAT {
            return Err(wrong(format!("expected the format {FORMAT}, found {}", manifest.format)));
        }
        let shard = Shard { index: manifest.shard, count: manifest.shards };
        let known = shard.index >= 1 && shard.index <= shard.count && shard.count <= 1 << 20;
        if !known
            || shard.points(manifest.all_points) != (manifest.first_point..manifest.end_point)
            || manifest.header_bytes > manifest.bytes
        {
            return Err(wrong("the manifest contradicts itself".to_owned()));
        }
        Ok(manifest)
    }

    /// Writes the manifest beside a file of rows.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, rows: &Path) -> Result<()> {
        write_atomically(&Self::beside(rows), json(self)?.as_bytes())
    }
}

/// A path with more at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
