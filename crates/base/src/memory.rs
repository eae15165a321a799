//! How much memory the files of a command may make it take.
//!
//! One budget, [`limit`], serves a whole command. Readers ask [`may_take`] before they allocate what
//! a file asks for, and [`hold`] what they keep, so that many files together stay within it too.
//! Content without a known length (pipes, devices, packed data) is counted as it arrives.

use std::{
    io::{self, Read},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::diagnostics::Problem;

/// The budget of a command that was given none.
pub const DEFAULT_LIMIT_BYTES: u64 = 2 << 30;

/// The option that sets the budget, as messages name it.
const OPTION: &str = "--max-memory";

static LIMIT: AtomicU64 = AtomicU64::new(DEFAULT_LIMIT_BYTES);
static HELD: AtomicU64 = AtomicU64::new(0);

/// Sets the budget of this process.
pub fn set_limit(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// The budget in bytes.
#[must_use]
pub fn limit() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// What of the budget is not held.
#[must_use]
pub fn left() -> u64 {
    limit().saturating_sub(HELD.load(Ordering::Relaxed))
}

/// The problem of content that the budget has no room for.
#[must_use]
pub fn too_much(what: &str) -> Problem {
    Problem::new(format!("{what} would take more memory than the {} MiB allowed", limit() >> 20))
        .hint(format!("allow more with `{OPTION}`, for example `{OPTION} {}GiB`", suggested()))
}

/// Twice the budget, in GiB.
fn suggested() -> u64 {
    (limit().saturating_mul(2) >> 30).max(1)
}

/// Asks for memory that is given back before anything else is held.
///
/// # Errors
/// The budget has not so much left; the message names the option that raises it.
pub fn may_take(bytes: u64, what: &str) -> Result<(), Problem> {
    if bytes <= left() { Ok(()) } else { Err(too_much(what)) }
}

/// Memory that is counted until this is dropped.
#[derive(Debug)]
pub struct Held(u64);

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Takes memory from the budget for as long as the answer lives.
///
/// # Errors
/// As [`may_take`].
pub fn hold(bytes: u64, what: &str) -> Result<Held, Problem> {
    let taken = HELD.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
        held.checked_add(bytes).filter(|held| *held <= limit())
    });
    taken.map(|_| Held(bytes)).map_err(|_| too_much(what))
}

/// Everything that a reader gives; nothing where that is more than `most` bytes.
///
/// # Errors
/// The reader fails.
pub fn read_at_most(reader: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_no_longer_left_and_comes_back() {
        let part = DEFAULT_LIMIT_BYTES / 2 + 1;
        let one = hold(part, "one").unwrap();
        let told = crate::Error::from(hold(part, "another").unwrap_err()).to_string();
        assert!(told.contains("another would take more memory than the 2048 MiB"), "{told}");
        assert!(told.contains("`--max-memory 4GiB`"), "{told}");
        assert!(may_take(part, "another").is_err());
        drop(one);
        assert!(may_take(part, "another").is_ok());
        assert!(may_take(u64::MAX, "all").is_err());
    }

    #[test]
    fn a_reader_without_end_is_left() {
        assert_eq!(read_at_most(io::repeat(0), 1000).unwrap(), None);
        assert_eq!(read_at_most(&b"abc"[..], 3).unwrap(), Some(b"abc".to_vec()));
    }
}
