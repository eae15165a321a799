//! What an execution does inside the core: instructions, and bytes between registers and L1.

use super::{nest::Nest, slots::Pass};
use crate::cost::Tensor;
use signloop_base::{Error, Result};
use signloop_machine::CpuArch;

/// Bytes between the registers and L1 for one tensor, for the whole layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterTraffic {
    /// The tensor.
    pub tensor: Tensor,
    /// Bytes loaded.
    pub read_bytes: u64,
    /// Bytes stored.
    pub write_bytes: u64,
}

/// Instructions of one layer, by the unit that runs them. Vector instructions are full-width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Instructions {
    /// Vector adds and subtracts on partial sums.
    pub adds: u64,
    /// Vector fused multiply-adds, scale multiplies included.
    pub multiply_adds: u64,
    /// Vector bitwise operations.
    pub logic: u64,
    /// 64-bit words whose ones are counted.
    pub popcount_words: u64,
    /// Instructions that count them: one a word, or one a vector where the core has that.
    pub popcounts: u64,
    /// Loads.
    pub loads: u64,
    /// Stores.
    pub stores: u64,
}

impl Instructions {
    /// All instructions.
    ///
    /// # Errors
    /// The sum does not fit.
    pub fn total(&self) -> Result<u64> {
        [self.adds, self.multiply_adds, self.logic, self.popcounts, self.loads, self.stores]
            .into_iter()
            .try_fold(0_u64, u64::checked_add)
            .ok_or(Error::Overflow("instructions of a layer"))
    }
}

/// An execution of a layer: its nest, and what happens in the core.
#[derive(Debug, Clone)]
pub struct LayerNest {
    /// The loop nest below L1.
    pub nest: Nest,
    /// Bytes between registers and L1.
    pub registers: Vec<RegisterTraffic>,
    /// Instructions.
    pub instructions: Instructions,
    /// What one pass of a program touches, where its partial sums are known in order.
    pub pass: Option<Pass>,
    /// Named sizes of the mapping, for `--explain`: blocks, tiles, trips.
    pub sizes: Vec<(&'static str, u64)>,
    /// Where inputs are read: `packed blocks (im2col of a block)` or `direct (virtual im2col)`.
    pub input_access: &'static str,
}

/// Checked product.
///
/// # Errors
/// The product does not fit in 64 bits.
pub fn product(what: &'static str, factors: &[u64]) -> Result<u64> {
    factors.iter().try_fold(1_u64, |product, factor| {
        product.checked_mul(*factor).ok_or(Error::Overflow(what))
    })
}

/// Whole bytes of `count · bits`.
///
/// # Errors
/// The product does not fit in 64 bits.
pub fn bytes(what: &'static str, count: u64, bits: u64) -> Result<u64> {
    Ok(product(what, &[count, bits])?.div_ceil(8))
}

/// `total · part / whole`, rounded up.
///
/// # Errors
/// The result does not fit in 64 bits.
pub fn scaled(what: &'static str, total: u64, part: u64, whole: u64) -> Result<u64> {
    u64::try_from((u128::from(total) * u128::from(part)).div_ceil(u128::from(whole.max(1))))
        .map_err(|_| Error::Overflow(what))
}

/// Instructions that count the ones of `words` words: a core that counts a whole vector of words
/// per cycle does so with one instruction.
#[must_use]
pub fn popcount_instructions(arch: &CpuArch, words: u64) -> u64 {
    let lanes = (arch.core.simd_bits.value / 64).max(1);
    if arch.core.popcount_words_per_cycle.value >= lanes as f64 {
        words.div_ceil(lanes)
    } else {
        words
    }
}
