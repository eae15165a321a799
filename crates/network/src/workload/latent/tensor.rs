//! One tensor of latent weights, as every format gives it.

use crate::quant::MAX_ELEMENTS;

/// A tensor of latent weights, widened to f32, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentTensor {
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Values.
    pub values: Vec<f32>,
}

/// Why one tensor of a file could not be read: kept until somebody asks for it, since files
/// also hold tensors that no layer needs (step counters of a batch norm, say).
pub type TensorResult = std::result::Result<LatentTensor, String>;

/// Checks that a declared shape has a bounded number of elements.
pub fn elements(shape: &[usize]) -> Result<usize, String> {
    shape
        .iter()
        .try_fold(1_usize, |product, size| product.checked_mul(*size))
        .filter(|product| *product as u64 <= MAX_ELEMENTS)
        .ok_or_else(|| format!("the shape {shape:?} is too large"))
}
