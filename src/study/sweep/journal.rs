//! The rows of an unfinished sweep, and the journal that says which of them are whole.
//!
//! Rows are appended to `OUT.part`, then one line to `OUT.journal` with their length and checksum.
//! Of what a killed process left, [`recover`] tells what is whole. The last chunk may so be
//! computed again; it gives the same bytes.

use std::{
    fs::File,
    io::{BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;

use super::{
    manifest::with_suffix,
    output::{Form, to_parquet},
    recover::{Found, Head, Record, Unreadable, is_journal, recover},
};
use signloop_base::{
    Error, Result,
    diagnostics::Problem,
    files::{self, create_own},
};

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
    /// Of the last record.
    chain: String,
}

impl Journal {
    /// Opens or begins the journal of `out`, with what is whole of an earlier run.
    ///
    /// # Errors
    /// The files cannot be written, another process writes them, or they belong to another sweep.
    pub(super) fn open(out: &Path, head: &Head, header: &str, first: u64) -> Result<Self> {
        let (part_path, journal_path) = (with_suffix(out, ".part"), with_suffix(out, ".journal"));
        let (journal, new_journal) = create_own(&journal_path)?;
        // Rows without a journal are not ours, whatever they are.
        if new_journal && std::fs::symlink_metadata(&part_path).is_ok_and(|found| found.len() > 0) {
            drop(journal);
            let _ = std::fs::remove_file(&journal_path);
            return Err(foreign(&part_path));
        }
        let part = create_own(&part_path).inspect_err(|_| {
            if new_journal {
                let _ = std::fs::remove_file(&journal_path);
            }
        });
        let (part, new_part) = part?;
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
            chain: String::new(),
        };
        if let Err(error) = opened.recover(head, header) {
            // What is in the way stays alone, as it was found.
            for (new, path) in [(new_part, &opened.part_path), (new_journal, &opened.journal_path)]
            {
                if new {
                    let _ = std::fs::remove_file(path);
                }
            }
            return Err(error);
        }
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
        let (journal, part) = (BufReader::new(&self.journal), BufReader::new(&self.part));
        let problem = |message: &str, hint: &str| -> Error {
            let name = self.journal_path.display().to_string();
            Problem::new(message).in_file(&name).hint(hint).into()
        };
        match recover(journal, part, head, header, self.next) {
            Ok(Found::Nothing) => self.begin(head, header),
            Ok(Found::Rows(kept)) => {
                self.hasher = kept.hasher;
                (self.bytes, self.next) = (kept.bytes, kept.next_point);
                self.chain = kept.chain;
                self.cut(kept.journal_bytes)
            }
            Ok(Found::ForeignRows) => Err(foreign(&self.part_path)),
            Ok(Found::NoJournal) => Err(problem(
                "this is no journal of a sweep",
                "move it away, or write to another file",
            )),
            Ok(Found::Damaged) => Err(problem(
                "the journal of an unfinished sweep is not as it was written",
                "`--restart` begins anew",
            )),
            Ok(Found::AnotherSweep) => Err(problem(
                "an unfinished sweep with other inputs is in the way",
                "`--restart` begins anew; to go on, give the files and the shard as before",
            )),
            Err(Unreadable::Journal(error)) => Err(Error::io("read", &self.journal_path, error)),
            Err(Unreadable::Part(error)) => Err(Error::io("read", &self.part_path, error)),
        }
    }

    /// The journal's first line comes first: rows beside none are taken for somebody else's.
    fn begin(&mut self, head: &Head, header: &str) -> Result<()> {
        self.bytes = 0;
        self.chain.clear();
        self.hasher.reset();
        self.cut(0)?;
        let line = serde_json::to_string(head).map_err(|e| Error::Internal(e.to_string()))?;
        self.write_line(&line)?;
        self.write_rows(header.as_bytes())
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
        let record = Record::of(rows, end_point, &self.chain);
        let line = serde_json::to_string(&record).map_err(|e| Error::Internal(e.to_string()))?;
        self.write_line(&line)?;
        self.chain = record.chain;
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

    /// Turns the rows into the finished file and returns its bytes and hash.
    ///
    /// # Errors
    /// The file cannot be renamed, or not be written as Parquet.
    pub(super) fn finish(self, out: &Path, form: Form) -> Result<(u64, String)> {
        self.sync()?;
        let remove = |path: &Path| {
            std::fs::remove_file(path).map_err(|error| Error::io("remove", path, error))
        };
        let written = match form {
            Form::Csv => {
                files::may_write(out)?;
                std::fs::rename(&self.part_path, out)
                    .map_err(|error| Error::io("write", out, error))?;
                (self.bytes, format!("{:016x}", self.hasher.digest()))
            }
            Form::Parquet => {
                let written = to_parquet(&self.part_path, out)?;
                remove(&self.part_path)?;
                written
            }
        };
        remove(&self.journal_path)?;
        Ok(written)
    }

    /// Removes what an earlier run left.
    ///
    /// # Errors
    /// The files are no journal and rows of a sweep, or cannot be removed.
    pub fn discard(out: &Path) -> Result<()> {
        let (part, journal) = (with_suffix(out, ".part"), with_suffix(out, ".journal"));
        let ours = match File::open(&journal) {
            Ok(file) => is_journal(BufReader::new(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(!part.exists()),
            Err(error) => Err(error),
        };
        if !ours.map_err(|error| Error::io("read", &journal, error))? {
            return Err(foreign(if journal.exists() { &journal } else { &part }));
        }
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

fn foreign(path: &Path) -> Error {
    Problem::new("these are no rows of this sweep")
        .in_file(&path.display().to_string())
        .hint("move the file away, or write to another file")
        .into()
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
    use xxhash_rust::xxh3::xxh3_64;

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
        for (rows, end) in [("0,2\n", 1), ("1,4\n2,6\n", 3), ("3,8\n", 4)] {
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
                for (rows, end) in [("0,2\n", 1), ("1,4\n2,6\n", 3), ("3,8\n", 4)] {
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
        let written = open(&out).unwrap().finish(&out, Form::Csv).unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), part);
        assert_eq!(written, (part.len() as u64, format!("{:016x}", xxh3_64(&part))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// One digit of a record changed, with its chain repaired or not: an error, or the same rows.
    #[test]
    fn changed_records_are_errors_or_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        let (part, journal) = written(&out);
        let head_bytes = journal.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let mut refused = 0;
        for place in head_bytes..journal.len() {
            for (change, repaired) in [(1, false), (2, false), (1, true), (2, true)] {
                let mut changed = journal.clone();
                changed[place] ^= change;
                if repaired {
                    let Ok(text) = String::from_utf8(changed.clone()) else { continue };
                    let Some(text) = repair(&text) else { continue };
                    changed = text.into_bytes();
                }
                std::fs::write(with_suffix(&out, ".part"), &part).unwrap();
                std::fs::write(with_suffix(&out, ".journal"), &changed).unwrap();
                let Ok(mut opened) = open(&out) else {
                    refused += 1;
                    continue;
                };
                let next = opened.next_point();
                for (rows, end) in [("0,2\n", 1), ("1,4\n2,6\n", 3), ("3,8\n", 4)] {
                    if end > next {
                        opened.append(rows.as_bytes(), end).unwrap();
                    }
                }
                assert_eq!(std::fs::read(with_suffix(&out, ".part")).unwrap(), part);
            }
        }
        assert!(refused > 300, "{refused}");
    }

    /// The journal with every chain made anew; `None` where a line is no record.
    fn repair(text: &str) -> Option<String> {
        let (head, records) = text.split_once('\n')?;
        let mut repaired = format!("{head}\n");
        let mut chain = String::new();
        for line in records.lines() {
            let record: Record = serde_json::from_str(line).ok()?;
            let record = record.chained_to(&chain);
            repaired += &(serde_json::to_string(&record).ok()? + "\n");
            chain = record.chain;
        }
        Some(repaired)
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
        assert!(Journal::discard(&out).is_err());
        std::fs::remove_file(with_suffix(&out, ".journal")).unwrap();
        // Rows that no journal tells of are somebody else's.
        assert!(Journal::discard(&out).is_err());
        assert!(open(&out).unwrap_err().to_string().contains("no rows of this sweep"));
        std::fs::remove_file(with_suffix(&out, ".part")).unwrap();
        assert_eq!(open(&out).unwrap().next_point(), 0);
        drop(open(&out).unwrap());
        Journal::discard(&out).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn foreign_rows_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        for journal in ["", "{\"format\":\"f\",\"sweep\":\"s\",\"shard\":1,\"shards\":1}\n"] {
            std::fs::write(with_suffix(&out, ".part"), "my notes").unwrap();
            std::fs::write(with_suffix(&out, ".journal"), journal).unwrap();
            assert!(open(&out).unwrap_err().to_string().contains("no rows of this sweep"));
            assert_eq!(std::fs::read(with_suffix(&out, ".part")).unwrap(), b"my notes");
        }
    }
}
