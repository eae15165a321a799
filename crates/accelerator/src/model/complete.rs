//! The loop nest with the loops that do not iterate: they hold places that formats and sparse
//! features look at.

use super::{footprint::Sizes, nest::Axis};
use crate::{
    mapping::{MAX_LEVELS, Mapping},
    problem::MAX_DIMENSIONS,
};

/// A loop, trivial or not, and the box that it and all loops inside it span.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedLoop {
    pub(super) dimension: u8,
    pub(super) axis: Axis,
    pub(super) bound: u64,
    pub(super) sizes: Sizes,
}

impl PlacedLoop {
    pub(super) fn is_spatial(&self) -> bool {
        self.axis != Axis::Time
    }
}

/// All loops of a mapping, innermost first; every level has a temporal loop of every dimension.
#[derive(Debug, Clone, Default)]
pub(super) struct Complete {
    loops: Vec<PlacedLoop>,
    starts: [usize; MAX_LEVELS + 1],
}

impl Complete {
    pub(super) fn set(&mut self, mapping: &Mapping, dimensions: usize) {
        self.loops.clear();
        let mut sizes = [1; MAX_DIMENSIONS];
        for (level, own) in mapping.levels.iter().enumerate() {
            let mut seen = 0_u32;
            for (axis, loops) in
                [(Axis::X, &own.spatial_x), (Axis::Y, &own.spatial_y), (Axis::Time, &own.temporal)]
            {
                for inner in loops {
                    if axis == Axis::Time {
                        seen |= 1 << inner.dimension;
                    }
                    sizes[usize::from(inner.dimension)] *= inner.bound;
                    let (dimension, bound) = (inner.dimension, inner.bound);
                    self.loops.push(PlacedLoop { dimension, axis, bound, sizes });
                }
            }
            for dimension in (0..dimensions as u8).filter(|dimension| seen >> dimension & 1 == 0) {
                self.loops.push(PlacedLoop { dimension, axis: Axis::Time, bound: 1, sizes });
            }
            self.starts[level + 1] = self.loops.len();
        }
    }

    /// Loops of one level.
    pub(super) fn level(&self, level: usize) -> &[PlacedLoop] {
        &self.loops[self.starts[level]..self.starts[level + 1]]
    }

    /// Loops of the levels outside a level.
    pub(super) fn outside(&self, level: usize) -> impl Iterator<Item = &PlacedLoop> {
        self.loops[self.starts[level + 1]..].iter()
    }

    /// Loops of the levels from `inner` to `outer`, both included.
    pub(super) fn levels(&self, inner: usize, outer: usize) -> &[PlacedLoop] {
        &self.loops[self.starts[inner]..self.starts[outer + 1]]
    }
}
