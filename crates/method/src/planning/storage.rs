//! What a method keeps in memory for a layer's weights.

use serde::{Deserialize, Serialize};

use super::PlanRequest;

/// What a method keeps in memory for a layer's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct WeightStorage {
    /// Bits of weight values.
    pub weight_bits: u64,
    /// Bits of scales.
    pub scale_bits: u64,
    /// Bits of indices, tables of pointers, region signs: everything that is not a value.
    pub metadata_bits: u64,
}

impl WeightStorage {
    /// Values at the scheme's width, one fp32 scale a filter, one sign a signed-binary filter.
    #[must_use]
    pub fn of(request: &PlanRequest<'_>) -> Self {
        let scheme = request.weights.scheme();
        let filters = request.shape.out_channels;
        let signs = if scheme.has_region_signs() { filters } else { 0 };
        Self {
            weight_bits: request.weights.shape().len() as u64 * u64::from(scheme.bits_per_weight()),
            scale_bits: filters * 32,
            metadata_bits: signs,
        }
    }
}

/// Bits that tell `count` things apart: ⌈log2 count⌉.
pub(crate) fn bits_for(count: u64) -> u32 {
    u64::BITS - count.saturating_sub(1).leading_zeros()
}
