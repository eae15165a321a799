//! Accesses of one tensor at one level, by what becomes of them.

use crate::sparse::Format;

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
    /// Bit r is set where rank r may hold anything: most ranks of a long format are trivial.
    used: u16,
}

impl Default for Ranks {
    fn default() -> Self {
        Self { ranks: [RankWords::default(); Format::MOST_RANKS], len: 0, used: 0 }
    }
}

impl Ranks {
    pub(super) fn reset(&mut self, len: usize) {
        self.ranks[..len].fill(RankWords::default());
        self.len = len;
        self.used = 0;
    }

    /// The ranks, innermost first.
    #[must_use]
    pub fn as_slice(&self) -> &[RankWords] {
        &self.ranks[..self.len]
    }

    /// The ranks that may hold anything, with their places.
    pub(super) fn used(&self) -> impl Iterator<Item = (usize, &RankWords)> {
        let mut left = self.used;
        std::iter::from_fn(move || {
            let rank = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            self.ranks.get(rank).map(|own| (rank, own))
        })
    }

    /// One rank, to be set.
    pub(super) fn rank_mut(&mut self, rank: usize) -> &mut RankWords {
        self.used |= 1 << rank;
        &mut self.ranks[rank]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [RankWords] {
        self.used = ((1_u32 << self.len) - 1) as u16;
        &mut self.ranks[..self.len]
    }
}
