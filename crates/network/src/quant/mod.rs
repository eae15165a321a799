//! Quantised weights: schemes, tensors of codes, and how latents become codes.

mod packed;
mod quantize;
mod scheme;
mod stats;
mod synthetic;
mod tensor;

pub use packed::{PackedWeights, write_packed};
pub use quantize::{
    Assignment, QuantizeOptions, Region, RegionSigns, ScaleRule, Scope, Threshold, quantize,
    region_signs, threshold,
};
pub use scheme::Scheme;
pub use stats::{
    Patterns, Spread, TILE, WeightStats, possible_patterns, weight_stats, weight_stats_of_tiles,
};
pub use synthetic::{Randomness, synthesise};
pub use tensor::{CodeMatrix, MAX_ELEMENTS, QuantizedTensor, WeightShape};
