//! The rows of an unfinished sweep, and the journal that says which of them are whole.
//!
//! Rows are appended to `OUT.part`, then one line to `OUT.journal` with their length and checksum.
//! What a killed process left is read back chunk by chunk: the first record or chunk that is cut
//! off or wrong, and all after it, are dropped. The last chunk may so be computed again; it gives
//! the same bytes.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::manifest::with_suffix;
use crate::{Error, Result, diagnostics::Problem};

/// Longest line of a journal, and largest chunk, that are read back.
const MAX_LINE: u64 = 4096;
const MAX_CHUNK: u64 = 1 << 30;

/// What the rows belong to; another sweep's rows are never gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub format: String,
    pub sweep: String,
    pub shard: u64,
    pub shards: u64,
}

/// One chunk: the point after its last, its bytes and their XXH3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    end_point: u64,
    bytes: u64,
    xxh3: String,
}

/// An open journal.
pub struct Journal {
    part: File,
    journal: File,
    part_path: PathBuf,
    journal_path: PathBuf,
    /// Of all bytes so far.
    hasher: Box<Xxh3>,
    bytes: u64,
    next: u64,
}

impl Journal {
    /// Opens or begins the journal of `out`, with what is whole of an earlier run.
    ///
    /// # Errors
    /// The files cannot be written, another process writes them, or they belong to another sweep.
    pub(super) fn open(out: &Path, head: &Head, header: &str, first: u64) -> Result<Self> {
        let (part_path, journal_path) = (with_suffix(out, ".part"), with_suffix(out, ".journal"));
        let open = |path: &Path| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(|error| Error::io("open", path, error))
        };
        let (part, journal) = (open(&part_path)?, open(&journal_path)?);
        if matches!(journal.try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
            return Err(Problem::new("another process is running this sweep")
                .in_file(&journal_path.display().to_string())
                .into());
        }
        let mut opened = Self {
            part,
            journal,
            part_path,
            journal_path,
            hasher: Box::new(Xxh3::new()),
            bytes: 0,
            next: first,
        };
        opened.recover(head, header)?;
        Ok(opened)
    }

    /// The first point that is not yet written.
    #[must_use]
    pub fn next_point(&self) -> u64 {
        self.next
    }

    /// Bytes written so far, header included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Keeps the whole chunks of an earlier run, or begins anew where there are none.
    fn recover(&mut self, head: &Head, header: &str) -> Result<()> {
        let failed = |path: &Path, error| Error::io("read", path, error);
        let mut lines = BufReader::new(&self.journal);
        let mut line = Vec::new();
        let mut kept = 0_u64;
        let mut read_line = |line: &mut Vec<u8>| {
            line.clear();
            (&mut lines).take(MAX_LINE).read_until(b'\n', line)
        };
        read_line(&mut line).map_err(|error| failed(&self.journal_path, error))?;
        let begun = line.ends_with(b"\n").then(|| serde_json::from_slice::<Head>(&line).ok());
        let Some(found) = begun.flatten() else {
            // Killed before the first line was whole, or no journal of ours.
            if line.len() as u64 >= MAX_LINE || (line.ends_with(b"\n") && !line.is_empty()) {
                return Err(Problem::new("this is no journal of a sweep")
                    .in_file(&self.journal_path.display().to_string())
                    .hint("move it away, or write to another file")
                    .into());
            }
            return self.begin(head, header);
        };
        if found != *head {
            return Err(Problem::new("an unfinished sweep with other inputs is in the way")
                .in_file(&self.journal_path.display().to_string())
                .hint("`--restart` begins anew; to go on, give the files and the shard as before")
                .into());
        }
        kept += line.len() as u64;
        let mut rows = BufReader::new(&self.part);
        let mut chunk = vec![0; header.len()];
        let whole = rows.read_exact(&mut chunk).is_ok() && chunk == header.as_bytes();
        if !whole {
            return self.begin(head, header);
        }
        self.hasher.update(&chunk);
        self.bytes = chunk.len() as u64;
        loop {
            read_line(&mut line).map_err(|error| failed(&self.journal_path, error))?;
            let record =
                line.ends_with(b"\n").then(|| serde_json::from_slice::<Record>(&line).ok());
            let Some(record) = record.flatten() else { break };
            if record.bytes > MAX_CHUNK || record.end_point < self.next {
                break;
            }
            chunk.clear();
            let read = (&mut rows).take(record.bytes).read_to_end(&mut chunk);
            let read = read.map_err(|error| failed(&self.part_path, error))?;
            if read as u64 != record.bytes || checksum(&chunk) != record.xxh3 {
                break;
            }
            self.hasher.update(&chunk);
            self.bytes += record.bytes;
            self.next = record.end_point;
            kept += line.len() as u64;
        }
        self.cut(kept)
    }

    fn begin(&mut self, head: &Head, header: &str) -> Result<()> {
        self.bytes = 0;
        self.hasher.reset();
        self.cut(0)?;
        self.write_rows(header.as_bytes())?;
        let line = serde_json::to_string(head).map_err(|e| Error::Internal(e.to_string()))?;
        self.write_line(&line)
    }

    /// Drops what is not whole and stands at the ends.
    fn cut(&mut self, journal_bytes: u64) -> Result<()> {
        for (file, path, length) in [
            (&mut self.part, &self.part_path, self.bytes),
            (&mut self.journal, &self.journal_path, journal_bytes),
        ] {
            file.set_len(length).map_err(|error| Error::io("write", path, error))?;
            file.seek(SeekFrom::Start(length)).map_err(|error| Error::io("write", path, error))?;
        }
        Ok(())
    }

    fn write_rows(&mut self, rows: &[u8]) -> Result<()> {
        self.part.write_all(rows).map_err(|error| Error::io("write", &self.part_path, error))?;
        self.hasher.update(rows);
        self.bytes += rows.len() as u64;
        Ok(())
    }

    fn write_line(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        self.journal
            .write_all(line.as_bytes())
            .map_err(|error| Error::io("write", &self.journal_path, error))
    }

    /// Appends the rows of the points up to `end_point`.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn append(&mut self, rows: &[u8], end_point: u64) -> Result<()> {
        self.write_rows(rows)?;
        let record = Record { end_point, bytes: rows.len() as u64, xxh3: checksum(rows) };
        let line = serde_json::to_string(&record).map_err(|e| Error::Internal(e.to_string()))?;
        self.write_line(&line)?;
        self.next = end_point;
        Ok(())
    }

    /// Makes the rows durable.
    ///
    /// # Errors
    /// The disk fails.
    pub(super) fn sync(&self) -> Result<()> {
        self.part.sync_data().map_err(|error| Error::io("write", &self.part_path, error))
    }

    /// Turns the rows into the finished file and returns their hash.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub(super) fn finish(self, out: &Path) -> Result<String> {
        self.sync()?;
        std::fs::rename(&self.part_path, out).map_err(|error| Error::io("write", out, error))?;
        std::fs::remove_file(&self.journal_path)
            .map_err(|error| Error::io("remove", &self.journal_path, error))?;
        Ok(format!("{:016x}", self.hasher.digest()))
    }

    /// Removes what an earlier run left.
    ///
    /// # Errors
    /// The files cannot be removed.
    pub fn discard(out: &Path) -> Result<()> {
        for suffix in [".part", ".journal"] {
            let path = with_suffix(out, suffix);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", &path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Journal");
        shown.field("part", &self.part_path).field("bytes", &self.bytes);
        shown.field("next", &self.next).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "a,b\n";

    fn head() -> Head {
        Head { format: "f".into(), sweep: "s".into(), shard: 1, shards: 1 }
    }

    fn open(out: &Path) -> Result<Journal> {
        Journal::open(out, &head(), HEADER, 0)
    }

    /// A file with three chunks, unfinished.
    fn written(out: &Path) -> (Vec<u8>, Vec<u8>) {
        let mut journal = open(out).unwrap();
        for (rows, end) in [("1,2\n", 1), ("3,4\n5,6\n", 3), ("7,8\n", 4)] {
            journal.append(rows.as_bytes(), end).unwrap();
        }
        drop(journal);
        let read = |suffix| std::fs::read(with_suffix(out, suffix)).unwrap();
        (read(".part"), read(".journal"))
    }

    #[test]
    fn whatever_is_cut_off_whole_chunks_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        let (part, journal) = written(&out);
        let ends = [(0, 4), (1, 8), (3, 16), (4, 20)];
        for rows in 0..=part.len() {
            for records in 0..=journal.len() {
                std::fs::write(with_suffix(&out, ".part"), &part[..rows]).unwrap();
                std::fs::write(with_suffix(&out, ".journal"), &journal[..records]).unwrap();
                let mut opened = open(&out).unwrap();
                let next = opened.next_point();
                let (_, bytes) = ends.into_iter().find(|(point, _)| *point == next).unwrap();
                assert_eq!(opened.bytes(), bytes);
                // What is missing is written again, and the file is as it would have been.
                for (rows, end) in [("1,2\n", 1), ("3,4\n5,6\n", 3), ("7,8\n", 4)] {
                    if end > next {
                        opened.append(rows.as_bytes(), end).unwrap();
                    }
                }
                assert_eq!(std::fs::read(with_suffix(&out, ".part")).unwrap(), part);
                assert_eq!(opened.hasher.digest(), xxh3_64(&part));
            }
        }
    }

    #[test]
    fn a_finished_file_leaves_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        let (part, _) = written(&out);
        let hash = open(&out).unwrap().finish(&out).unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), part);
        assert_eq!(hash, format!("{:016x}", xxh3_64(&part)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn changed_bytes_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        let (mut part, _) = written(&out);
        part[9] ^= 1;
        std::fs::write(with_suffix(&out, ".part"), &part).unwrap();
        assert_eq!(open(&out).unwrap().next_point(), 1);
    }

    #[test]
    fn another_sweep_is_refused_and_so_is_a_second_process() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        written(&out);
        let other = Head { sweep: "t".into(), ..head() };
        assert_eq!(Journal::open(&out, &other, HEADER, 0).unwrap_err().exit_code(), 2);
        let first = open(&out).unwrap();
        assert!(open(&out).unwrap_err().to_string().contains("another process"));
        drop(first);
        std::fs::write(with_suffix(&out, ".journal"), "some notes of mine\n").unwrap();
        assert!(open(&out).unwrap_err().to_string().contains("no journal"));
        Journal::discard(&out).unwrap();
        assert_eq!(open(&out).unwrap().next_point(), 0);
    }
}
