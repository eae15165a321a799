//! What the questions about useless accesses need of a mapped problem.

use super::{complete::Complete, footprint::Shape};
use crate::sparse::{Density, Rules};

/// What the question needs of the mapped problem.
pub(super) struct Setting<'a> {
    pub(super) complete: &'a Complete,
    pub(super) shapes: &'a [Shape],
    pub(super) densities: &'a [Density],
    /// Sizes of the problem's dimensions.
    pub(super) problem_sizes: &'a [u64],
    pub(super) rules: Rules,
}
