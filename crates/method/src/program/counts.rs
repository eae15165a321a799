//! Exact counts of programs and plans.

use serde::{Deserialize, Serialize};

use super::{LiveRanges, OpProgram};

/// Operations per output position. Every field is an exact integer.
///
/// An op is one two-input add or subtract; negating is free; scale multiplies are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct OpCounts {
    /// Two-input adds and subtracts on partial sums.
    pub adds: u64,
    /// Multiplies of an activation by a weight (fp32 layers only: quantised weights need none).
    pub multiplies: u64,
    /// Multiplies by a scale, one a filter or one a node that carries its own factor.
    pub scale_muls: u64,
    /// Bitwise operations on 64-bit words (`bit-packed`).
    pub logic_ops: u64,
    /// Population counts of 64-bit words (`bit-packed`).
    pub popcounts: u64,
    /// Operand loads: one per term of every node, before any register reuse.
    pub loads: u64,
    /// Stores of intermediate sums and outputs.
    pub stores: u64,
    /// Adds of the whole layer beyond `adds` at every output position: planes that are shared
    /// across pixels are also computed at positions beyond the map (`shift-shared`). There, adds
    /// whose operand is known to be padding are left out; on the map they are counted, as for every
    /// method.
    pub halo_adds_total: u64,
    /// Most intermediate sums alive at once, in values, inputs not counted.
    pub peak_live: u64,
}

impl OpCounts {
    /// Adds of a whole layer of so many output positions, halo included.
    ///
    /// # Errors
    /// The count overflows.
    pub fn adds_total(&self, positions: u64) -> signloop_base::Result<u64> {
        self.adds
            .checked_mul(positions)
            .and_then(|adds| adds.checked_add(self.halo_adds_total))
            .ok_or(signloop_base::Error::Overflow("adds"))
    }

    /// The counts with the halo spread over the positions, rounded up, for the time model.
    #[must_use]
    pub fn with_halo_spread(&self, positions: u64) -> Self {
        let adds = self.adds + self.halo_adds_total.div_ceil(positions.max(1));
        Self { adds, ..*self }
    }
}

impl OpProgram {
    /// The program's counts: one scale multiply a filter that is not all zero, plus the
    /// multiplies of the reference-row form; loads and stores before any register reuse.
    #[must_use]
    pub fn counts(&self) -> OpCounts {
        let outputs = self.outputs().iter().filter(|output| !output.terms.is_empty());
        let (filters, reads) =
            outputs.fold((0, 0), |(n, m), output| (n + 1, m + output.terms.len() as u64));
        OpCounts {
            adds: self.adds(),
            scale_muls: filters + self.extra_multiplies(),
            loads: self.node_terms() + reads,
            stores: u64::from(self.nodes()) + self.outputs().len() as u64,
            peak_live: LiveRanges::of(self).peak(),
            ..OpCounts::default()
        }
    }
}
