//! Accesses of one tensor at one level, by what becomes of them.

use crate::model::sparse::Format;

/// Expected accesses of one instance: done, gated or skipped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Flow {
    /// Done.
    pub actual: f64,
    /// Gated: the cycle passes, the array rests.
    pub gated: f64,
    /// Skipped: neither.
    pub skipped: f64,
}

impl Flow {
    pub(super) fn of(actual: f64) -> Self {
        Self { actual, ..Self::default() }
    }

    /// Accesses that take a port for a cycle.
    #[must_use]
    pub fn busy(&self) -> f64 {
        self.actual + self.gated
    }
}

/// Words read, written from outside and written from inside.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Words {
    /// Read.
    pub read: Flow,
    /// Written, coming from outside.
    pub fill: Flow,
    /// Written, coming from inside.
    pub update: Flow,
}

/// Metadata of one rank: coordinates, and payloads that point to the next rank.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RankWords {
    /// Coordinates, run lengths or mask bits.
    pub metadata: Words,
    /// Offsets and pointers.
    pub payload: Words,
}

/// Metadata of all ranks, innermost first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    ranks: [RankWords; Format::MOST_RANKS],
    len: usize,
}

impl Default for Ranks {
    fn default() -> Self {
        Self { ranks: [RankWords::default(); Format::MOST_RANKS], len: 0 }
    }
}

impl Ranks {
    pub(super) fn reset(&mut self, len: usize) {
        self.ranks[..len].fill(RankWords::default());
        self.len = len;
    }

    /// The ranks, innermost first.
    #[must_use]
    pub fn as_slice(&self) -> &[RankWords] {
        &self.ranks[..self.len]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [RankWords] {
        &mut self.ranks[..self.len]
    }
}
