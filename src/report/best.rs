//! The op programs with the fewest adds, as a report names them.

use serde::Serialize;

use signloop_machine::CpuArch;
use signloop_method::{Execution, OpCounts};
use signloop_network::workload::LayerShape;

/// What an op program needs beside it while it runs over one vector of output positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WorkingSet {
    /// Inputs of one group, one vector each.
    pub operands: u64,
    /// Slots of intermediate sums: the most that are live at once, one vector each.
    pub slots: u64,
    /// Bytes of both at the core's vector width.
    pub bytes: u64,
    /// Bytes of L1.
    pub l1_bytes: u64,
    /// Whether `bytes` is at most `l1_bytes`.
    pub fits_l1: bool,
}

impl WorkingSet {
    /// The working set of an op program; other executions block for L1 by themselves.
    #[must_use]
    pub fn of(
        arch: &CpuArch,
        shape: &LayerShape,
        execution: Execution,
        counts: &OpCounts,
    ) -> Option<Self> {
        let l1_bytes = arch.caches.first()?.size_bytes();
        let operands = shape.filter_len();
        let vectors = operands.checked_add(counts.peak_live)?;
        let bytes = vectors.checked_mul(arch.core.simd_bits.value / 8)?;
        let fits_l1 = bytes <= l1_bytes;
        (execution == Execution::Program).then_some(Self {
            operands,
            slots: counts.peak_live,
            bytes,
            l1_bytes,
            fits_l1,
        })
    }
}

/// A method and its adds.
#[derive(Debug, Clone, Serialize)]
pub struct Fewest {
    /// Method.
    pub method: String,
    /// Adds of the whole layer.
    pub adds_total: u64,
}

/// The op programs of one layer and scheme with the fewest adds.
#[derive(Debug, Clone, Serialize)]
pub struct LayerBest {
    /// Scheme.
    pub scheme: String,
    /// Of all op programs.
    pub fewest_adds: Fewest,
    /// Of those whose working set fits L1, if any does.
    pub fewest_adds_in_l1: Option<Fewest>,
}
