//! A mapping as one loop nest: loops that iterate, boxes of the levels.

use super::footprint::Sizes;
use crate::{
    mapping::{LevelMapping, Loop, MAX_LEVELS, Mapping},
    problem::MAX_DIMENSIONS,
};

/// Most loops that iterate: their bounds are at least 2 and multiply to at most 2^52.
pub(super) const MAX_LOOPS: usize = 52;

/// Where a loop's iterations lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Time,
    X,
    Y,
}

/// A loop of more than one iteration.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlatLoop {
    pub(super) dimension: u8,
    pub(super) axis: Axis,
    pub(super) bound: u64,
    /// Operations that one iteration shifts the box by, along the dimension.
    pub(super) stride: u64,
}

/// The loops of a mapping, innermost first, and what they span.
#[derive(Debug, Clone)]
pub(super) struct Nest {
    loops: [FlatLoop; MAX_LOOPS],
    /// Loops of the levels below level l are those before `starts[l]`.
    starts: [u8; MAX_LEVELS + 1],
    /// Box spanned by the loops of all levels below level l.
    boxes: [Sizes; MAX_LEVELS + 1],
    /// Product of the temporal bounds of all levels.
    pub(super) steps: u64,
    /// Spatial bounds of each level along X and Y.
    pub(super) spatial: [(u64, u64); MAX_LEVELS],
    levels: usize,
}

impl Nest {
    pub(super) fn empty() -> Self {
        let none = FlatLoop { dimension: 0, axis: Axis::Time, bound: 1, stride: 1 };
        Self {
            loops: [none; MAX_LOOPS],
            starts: [0; MAX_LEVELS + 1],
            boxes: [[1; MAX_DIMENSIONS]; MAX_LEVELS + 1],
            steps: 1,
            spatial: [(1, 1); MAX_LEVELS],
            levels: 0,
        }
    }

    /// Takes over a mapping that was checked against its problem.
    pub(super) fn set(&mut self, mapping: &Mapping) {
        let mut sizes = [1; MAX_DIMENSIONS];
        let mut len = 0;
        self.steps = 1;
        self.levels = mapping.levels.len();
        self.boxes[0] = sizes;
        for (level, own) in mapping.levels.iter().enumerate() {
            let LevelMapping { temporal, spatial_x, spatial_y, .. } = own;
            let x = self.add(spatial_x, Axis::X, &mut sizes, &mut len);
            let y = self.add(spatial_y, Axis::Y, &mut sizes, &mut len);
            self.spatial[level] = (x, y);
            self.steps *= self.add(temporal, Axis::Time, &mut sizes, &mut len);
            self.starts[level + 1] = len as u8;
            self.boxes[level + 1] = sizes;
        }
    }

    fn add(&mut self, loops: &[Loop], axis: Axis, sizes: &mut Sizes, len: &mut usize) -> u64 {
        let mut product = 1;
        for own in loops {
            if own.bound > 1 && *len < MAX_LOOPS {
                let size = &mut sizes[usize::from(own.dimension)];
                self.loops[*len] =
                    FlatLoop { dimension: own.dimension, axis, bound: own.bound, stride: *size };
                *size *= own.bound;
                product *= own.bound;
                *len += 1;
            }
        }
        product
    }

    /// Loops of one level, innermost first.
    pub(super) fn level(&self, level: usize) -> &[FlatLoop] {
        &self.loops[usize::from(self.starts[level])..usize::from(self.starts[level + 1])]
    }

    /// Loops of a level and outside it, innermost first.
    pub(super) fn from(&self, level: usize) -> &[FlatLoop] {
        &self.loops[usize::from(self.starts[level])..usize::from(self.starts[self.levels])]
    }

    /// Loops outside a level's tile, innermost first.
    pub(super) fn outside(&self, level: usize) -> &[FlatLoop] {
        &self.loops[usize::from(self.starts[level + 1])..usize::from(self.starts[self.levels])]
    }

    /// Box of the loops of a level and all inside it.
    pub(super) fn tile(&self, level: usize) -> &Sizes {
        &self.boxes[level + 1]
    }

    /// Box of the loops inside a level: what one step of its loops works on.
    pub(super) fn inside(&self, level: usize) -> &Sizes {
        &self.boxes[level]
    }

    /// Instances of a level that are in use: the spatial bounds of all levels outside.
    pub(super) fn instances(&self, level: usize) -> u64 {
        self.spatial[level + 1..self.levels].iter().map(|(x, y)| x * y).product()
    }

    /// Compute units in use.
    pub(super) fn units(&self) -> u64 {
        self.spatial[..self.levels].iter().map(|(x, y)| x * y).product()
    }
}
