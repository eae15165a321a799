//! Quantised weights: schemes, tensors of codes, and how latents become codes.

mod scheme;
mod tensor;

pub use scheme::Scheme;
pub use tensor::{CodeMatrix, QuantizedTensor, WeightShape};
