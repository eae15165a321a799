//! A mapping as checked.

/// One loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Loop {
    /// Index of the dimension in the problem.
    pub dimension: u8,
    /// Iterations.
    pub bound: u64,
}

/// The loops of one storage level.
///
/// The level's tile spans all its loops and all loops of the levels inside it. Spatial loops
/// lie inside the temporal ones, X inside Y: they distribute the tile over the instances of
/// the next level inwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LevelMapping {
    /// Loops in time, innermost first. Loops of bound 1 are allowed and keep their place.
    pub temporal: Vec<Loop>,
    /// Loops over the X axis of the array inside, innermost first.
    pub spatial_x: Vec<Loop>,
    /// Loops over the Y axis of the array inside, innermost first.
    pub spatial_y: Vec<Loop>,
    /// Bit t is set when the level keeps tensor t; others pass by.
    pub keep: u8,
}

/// Loops of all storage levels, innermost level first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Mapping {
    /// One entry a storage level, in the order of the accelerator's levels.
    pub levels: Vec<LevelMapping>,
}

impl LevelMapping {
    /// Whether the level keeps a tensor.
    #[must_use]
    pub fn keeps(&self, tensor: usize) -> bool {
        self.keep >> tensor & 1 == 1
    }

    /// All loops, innermost first.
    pub fn loops(&self) -> impl Iterator<Item = &Loop> {
        self.spatial_x.iter().chain(&self.spatial_y).chain(&self.temporal)
    }

    /// Product of the bounds of some loops.
    #[must_use]
    pub fn product(loops: &[Loop]) -> u64 {
        loops.iter().map(|inner| inner.bound).product()
    }
}
