//! Shares of a buffer's lines, and the regions that lie between two touches of a line.

use crate::traffic::nest::Touch;

/// A share of the lines of a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) kept: u64,
    pub(super) all: u64,
}

impl Share {
    pub(super) const ALL: Self = Self { kept: 1, all: 1 };

    pub(super) fn of(self, value: u128) -> u128 {
        value * u128::from(self.kept) / u128::from(self.all)
    }

    pub(super) fn min(self, other: Self) -> Self {
        if u128::from(self.kept) * u128::from(other.all)
            <= u128::from(other.kept) * u128::from(self.all)
        {
            self
        } else {
            other
        }
    }
}

/// A region of a window: the loops of a touch from `depth` on, in part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'n> {
    pub(super) touch: &'n Touch,
    pub(super) depth: usize,
    /// Bytes to the tile of the next iteration, which the window holds too; 0 for none.
    pub(super) turn: u64,
    /// Parts `from..to` of `of` equal parts of the region.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) of: u64,
}

impl<'n> Piece<'n> {
    pub(super) fn new(touch: &'n Touch, depth: usize) -> Self {
        Self { touch, depth, turn: 0, from: 0, to: 1, of: 1 }
    }

    /// Bytes that the loops outside the piece move it.
    pub(super) fn moved(&self, indices: &[u64]) -> u64 {
        self.touch.path[..self.depth]
            .iter()
            .zip(&self.touch.steps)
            .map(|(index, step)| indices[*index] * step)
            .sum()
    }
}
