//! Expected accesses and operations of a mapping, zeros left out.

use super::flow::{Flow, Ranks, Words};
use crate::{mapping::MAX_LEVELS, problem::MAX_TENSORS};

/// Expected accesses of all levels.
pub(super) struct Combined {
    pub(super) words: [[Words; MAX_TENSORS]; MAX_LEVELS],
    pub(super) ranks: Box<[[Ranks; MAX_TENSORS]; MAX_LEVELS]>,
    pub(super) reductions: [[f64; MAX_TENSORS]; MAX_LEVELS],
    /// Instances in use, on average.
    pub(super) instances: [[f64; MAX_TENSORS]; MAX_LEVELS],
    /// Instances mapped for every one in use: their ports serve the ones in use.
    pub(super) spare: [[f64; MAX_TENSORS]; MAX_LEVELS],
    /// Words decompressed on the way in.
    pub(super) decompressed: [[f64; MAX_TENSORS]; MAX_LEVELS],
    /// Words compressed on the way out.
    pub(super) compressed: [[f64; MAX_TENSORS]; MAX_LEVELS],
    /// Share of nonzeros of a tile, by tensor, then level.
    pub(super) shares: [[f64; MAX_LEVELS]; MAX_TENSORS],
    pub(super) operations: Flow,
    pub(super) units: f64,
}

impl Combined {
    pub(super) fn new() -> Self {
        Self {
            words: [[Words::default(); MAX_TENSORS]; MAX_LEVELS],
            ranks: Box::new([[Ranks::default(); MAX_TENSORS]; MAX_LEVELS]),
            reductions: [[0.0; MAX_TENSORS]; MAX_LEVELS],
            instances: [[1.0; MAX_TENSORS]; MAX_LEVELS],
            spare: [[1.0; MAX_TENSORS]; MAX_LEVELS],
            decompressed: [[0.0; MAX_TENSORS]; MAX_LEVELS],
            compressed: [[0.0; MAX_TENSORS]; MAX_LEVELS],
            shares: [[1.0; MAX_LEVELS]; MAX_TENSORS],
            operations: Flow::default(),
            units: 1.0,
        }
    }
}
