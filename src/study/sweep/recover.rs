//! What is whole of the rows that a killed sweep left.

use std::io::{self, BufRead, Read as _};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Longest line of a journal, and largest chunk, that are read back.
const MAX_LINE: u64 = 4096;
const MAX_CHUNK: u64 = 1 << 30;

/// What the rows belong to; another sweep's rows are never gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of the manifest")]
pub struct Head {
    pub format: String,
    pub sweep: String,
    pub shard: u64,
    pub shards: u64,
}

/// One chunk: the point after its last, its bytes and their XXH3; and an XXH3 of all of this and of
/// the record before, so that no record can be changed, left out or moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub end_point: u64,
    pub bytes: u64,
    pub xxh3: String,
    pub chain: String,
}

impl Record {
    /// The record of some rows that follow those of the record with the chain `before`.
    pub(super) fn of(rows: &[u8], end_point: u64, before: &str) -> Self {
        let (bytes, xxh3) = (rows.len() as u64, checksum(rows));
        let chain = chain(end_point, bytes, &xxh3, before);
        Self { end_point, bytes, xxh3, chain }
    }

    /// As it would be behind another record.
    #[cfg(test)]
    pub(super) fn chained_to(mut self, before: &str) -> Self {
        self.chain = chain(self.end_point, self.bytes, &self.xxh3, before);
        self
    }

    fn follows(&self, before: &str) -> bool {
        self.chain == chain(self.end_point, self.bytes, &self.xxh3, before)
    }
}

fn chain(end_point: u64, bytes: u64, xxh3: &str, before: &str) -> String {
    checksum(format!("{before} {end_point} {bytes} {xxh3}").as_bytes())
}

/// Whether rows begin with every one of some points, in order, and with no other. A point may have
/// several rows; quoted fields may hold ends of lines.
pub(super) fn are_of_points(rows: &[u8], points: std::ops::Range<u64>) -> bool {
    let mut next = points.start;
    let (mut quoted, mut begins) = (false, true);
    for (at, byte) in rows.iter().enumerate() {
        if begins {
            let end = rows[at..].iter().position(|byte| *byte == b',' || *byte == b'\n');
            let first = &rows[at..at + end.unwrap_or(rows.len() - at)];
            let text = std::str::from_utf8(first).ok();
            let point = text.and_then(|text| text.parse::<u64>().ok());
            match point {
                Some(point) if point == next => next += 1,
                Some(point) if next > points.start && point == next - 1 => {}
                _ => return false,
            }
        }
        quoted ^= *byte == b'"';
        begins = *byte == b'\n' && !quoted;
    }
    next == points.end && (begins || rows.is_empty())
}

/// The rows that are kept, header included.
pub struct Kept {
    /// Of all of them.
    pub hasher: Box<Xxh3>,
    /// Their bytes.
    pub bytes: u64,
    /// The first point that is not among them.
    pub next_point: u64,
    /// Bytes of the journal that tell of them.
    pub journal_bytes: u64,
    /// What the next record is chained to.
    pub chain: String,
}

/// What a journal and its rows hold.
pub enum Found {
    /// Nothing to go on with.
    Nothing,
    /// Some other file is in the way.
    NoJournal,
    /// The file of rows begins as no rows of this sweep do.
    ForeignRows,
    /// Another sweep is in the way.
    AnotherSweep,
    /// A record is whole and not as it was written.
    Damaged,
    /// Rows up to some point.
    Rows(Kept),
}

/// Which of the two files could not be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The journal.
    Journal(io::Error),
    /// The rows.
    Part(io::Error),
}

/// Reads back chunk by chunk; the first record or chunk that is cut off, or chunk that is wrong, and
/// all after it, are left out. A whole record that is wrong was not left by a killed process. `first` is the first point of the shard.
///
/// # Errors
/// A file cannot be read.
pub fn recover(
    mut journal: impl BufRead,
    mut part: impl BufRead,
    head: &Head,
    header: &str,
    first: u64,
) -> Result<Found, Unreadable> {
    let mut line = Vec::new();
    let mut read_line = |line: &mut Vec<u8>| {
        line.clear();
        journal.by_ref().take(MAX_LINE).read_until(b'\n', line).map_err(Unreadable::Journal)
    };
    read_line(&mut line)?;
    let begun = line.ends_with(b"\n").then(|| serde_json::from_slice::<Head>(&line).ok());
    let Some(found) = begun.flatten() else {
        // Killed before the first line was whole, or no journal of ours.
        if line.len() as u64 >= MAX_LINE || line.ends_with(b"\n") {
            return Ok(Found::NoJournal);
        }
        return Ok(match begins_with(&mut part, header)? {
            Some(_) => Found::Nothing,
            None => Found::ForeignRows,
        });
    };
    if found != *head {
        return Ok(Found::AnotherSweep);
    }
    let mut chunk = match begins_with(&mut part, header)? {
        None => return Ok(Found::ForeignRows),
        Some(read) if read.len() < header.len() => return Ok(Found::Nothing),
        Some(read) => read,
    };
    let mut kept = Kept {
        hasher: Box::new(Xxh3::new()),
        bytes: chunk.len() as u64,
        next_point: first,
        journal_bytes: line.len() as u64,
        chain: String::new(),
    };
    kept.hasher.update(&chunk);
    loop {
        read_line(&mut line)?;
        if !line.ends_with(b"\n") {
            if line.len() as u64 >= MAX_LINE {
                return Ok(Found::Damaged);
            }
            break;
        }
        let record = serde_json::from_slice::<Record>(&line).ok();
        let Some(record) = record.filter(|record| {
            record.follows(&kept.chain)
                && record.bytes <= MAX_CHUNK
                && record.end_point >= kept.next_point
        }) else {
            return Ok(Found::Damaged);
        };
        chunk.clear();
        let read = part.by_ref().take(record.bytes).read_to_end(&mut chunk);
        let read = read.map_err(Unreadable::Part)?;
        if read as u64 != record.bytes || checksum(&chunk) != record.xxh3 {
            break;
        }
        if !are_of_points(&chunk, kept.next_point..record.end_point) {
            return Ok(Found::Damaged);
        }
        kept.hasher.update(&chunk);
        kept.bytes += record.bytes;
        kept.chain = record.chain;
        kept.next_point = record.end_point;
        kept.journal_bytes += line.len() as u64;
    }
    Ok(Found::Rows(kept))
}

/// Whether a journal's first line is one, or was cut off before it was whole.
pub(super) fn is_journal(mut journal: impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    journal.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    Ok(match line.ends_with(b"\n") {
        true => serde_json::from_slice::<Head>(&line).is_ok(),
        false => (line.len() as u64) < MAX_LINE,
    })
}

/// What is there of the header, if nothing else is.
fn begins_with(part: &mut impl BufRead, header: &str) -> Result<Option<Vec<u8>>, Unreadable> {
    let mut read = Vec::new();
    part.by_ref().take(header.len() as u64).read_to_end(&mut read).map_err(Unreadable::Part)?;
    Ok(header.as_bytes().starts_with(&read).then_some(read))
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}
