//! Tensor problems: a box of operations and the tensors it reads and writes.
//!
//! A matrix product and a convolution are problems; any other that indexes its tensors by
//! sums of loop variables (Timeloop's "problem shape") is one too.

mod layer;
mod read;
mod types;
mod write;

pub use layer::LAYER_DIMENSIONS;
pub(crate) use read::{check, name_is_legal};
pub use read::{parse, read};
pub use types::{
    DensitySpec, Dimension, MAX_DIMENSIONS, MAX_INDICES, MAX_TENSORS, Problem, Tensor, Term,
};
pub use write::write;
