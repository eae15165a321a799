//! Metadata and payload units that a compressed tile takes, rank by rank.

use super::Format;

/// Units of one rank.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RankUnits {
    /// Coordinates, run lengths or mask bits.
    pub metadata: f64,
    /// Offsets, or pointers to the next rank.
    pub payload: f64,
}

/// What a tile takes, expected or at most.
#[derive(Debug, Clone, Copy)]
pub struct TileUnits {
    pub(super) ranks: [RankUnits; Format::MOST_RANKS],
    pub(super) len: u8,
    /// Nonzeros of the tile.
    pub nonzeros: f64,
    /// Probability that the tile is empty and is not there at all; 0 unless that was asked for.
    pub p_absent: f64,
}

/// What lies beyond the ranks is left from earlier uses.
impl PartialEq for TileUnits {
    fn eq(&self, other: &Self) -> bool {
        self.ranks() == other.ranks()
            && self.nonzeros == other.nonzeros
            && self.p_absent == other.p_absent
    }
}

impl Default for TileUnits {
    fn default() -> Self {
        let ranks = [RankUnits::default(); Format::MOST_RANKS];
        Self { ranks, len: 0, nonzeros: 0.0, p_absent: 0.0 }
    }
}

impl TileUnits {
    /// Units of every rank, innermost first.
    #[must_use]
    pub fn ranks(&self) -> &[RankUnits] {
        &self.ranks[..usize::from(self.len)]
    }
}
