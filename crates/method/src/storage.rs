//! What a method keeps in memory for a layer's weights.

use serde::{Deserialize, Serialize};

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
