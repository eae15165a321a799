//! Does a mapping cover a problem, on that many storage levels?

use super::{MAX_LEVELS, Mapping};
use crate::problem::Problem;

/// What is wrong with a mapping; `level` is an index, innermost 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The mapping has another number of levels than the accelerator.
    Levels {
        /// Levels of the mapping.
        mapped: usize,
        /// Levels of the accelerator.
        levels: usize,
    },
    /// The bounds of a dimension do not multiply to its size.
    Cover {
        /// The dimension.
        dimension: usize,
        /// Product of its bounds.
        product: u128,
    },
    /// No level keeps a tensor.
    Homeless {
        /// The tensor.
        tensor: usize,
    },
}

/// Checks that every dimension is covered exactly and every tensor has a home.
///
/// # Errors
/// Every rule that is broken.
pub fn check(problem: &Problem, levels: usize, mapping: &Mapping) -> Result<(), Vec<Fault>> {
    if mapping.levels.len() != levels || levels > MAX_LEVELS {
        return Err(vec![Fault::Levels { mapped: mapping.levels.len(), levels }]);
    }
    let mut faults = Vec::new();
    for (dimension, stated) in problem.dimensions.iter().enumerate() {
        let mut product = 1_u128;
        for inner in mapping.levels.iter().flat_map(super::LevelMapping::loops) {
            if usize::from(inner.dimension) == dimension {
                product = product.saturating_mul(u128::from(inner.bound));
            }
        }
        if product != u128::from(stated.size) {
            faults.push(Fault::Cover { dimension, product });
        }
    }
    for tensor in 0..problem.tensors.len() {
        if !mapping.levels.iter().any(|level| level.keeps(tensor)) {
            faults.push(Fault::Homeless { tensor });
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
