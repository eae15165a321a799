//! What methods share: one program a group, and the counts of programs.

use std::sync::Arc;

use super::{Execution, OpCounts, OpProgram, Plan, PlanRequest, WeightStorage};
use signloop_base::{Error, Result};
use signloop_network::quant::{CodeMatrix, Scheme};

/// Builds one program a group.
pub(super) fn each_group(
    request: &PlanRequest<'_>,
    build: impl Fn(CodeMatrix<'_>) -> OpProgram,
) -> Vec<Arc<OpProgram>> {
    let groups = request.shape.groups as usize;
    (0..groups).map(|group| Arc::new(build(request.weights.group(group, groups)))).collect()
}

/// Sums the counts of all groups.
pub(super) fn per_group(programs: &[Arc<OpProgram>]) -> Result<OpCounts> {
    let mut total = OpCounts::default();
    for program in programs {
        let counts = program.counts();
        let add = |sum: u64, count: u64| sum.checked_add(count).ok_or(Error::Overflow("adds"));
        total.adds = add(total.adds, counts.adds)?;
        total.scale_muls = add(total.scale_muls, counts.scale_muls)?;
        total.loads = add(total.loads, counts.loads)?;
        total.stores = add(total.stores, counts.stores)?;
        // Groups run one after the other, so their intermediate sums never live together.
        total.peak_live = total.peak_live.max(counts.peak_live);
    }
    Ok(total)
}

/// Values at the scheme's width, one fp32 scale a filter, one sign a signed-binary filter.
pub(super) fn storage_of(request: &PlanRequest<'_>) -> WeightStorage {
    let scheme = request.weights.scheme();
    let filters = request.shape.out_channels;
    let signs = if scheme == Scheme::SignedBinary { filters } else { 0 };
    WeightStorage {
        weight_bits: request.weights.shape().len() as u64 * u64::from(scheme.bits_per_weight()),
        scale_bits: filters * 32,
        metadata_bits: signs,
    }
}

/// The plan of patch programs that are their own weights: an index stream in which every term
/// names its operand, ⌈log2 operands⌉ bits, and its sign.
pub(super) fn plan_of_programs(
    request: &PlanRequest<'_>,
    programs: Vec<Arc<OpProgram>>,
) -> Result<Plan> {
    let counts = per_group(&programs)?;
    let bits = programs.iter().try_fold(0_u64, |sum, program| {
        let operands = u64::from(program.inputs() + program.nodes());
        let term = u64::from(bits_for(operands)) + 1;
        program.counts().loads.checked_mul(term).and_then(|bits| sum.checked_add(bits))
    });
    let metadata_bits = bits.ok_or(Error::Overflow("index bits"))?;
    let storage = WeightStorage { weight_bits: 0, metadata_bits, ..storage_of(request) };
    Ok(Plan { execution: Execution::Program, counts, storage, programs })
}

/// Bits that tell `count` things apart: ⌈log2 count⌉.
pub(super) fn bits_for(count: u64) -> u32 {
    u64::BITS - count.saturating_sub(1).leading_zeros()
}
