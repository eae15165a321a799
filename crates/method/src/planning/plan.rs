//! What a method answers: how the plan runs, its programs, and the counts that follow from them.

use std::sync::Arc;

use super::{PlanRequest, WeightStorage, bits_for};
use crate::{OpCounts, OpProgram};
use signloop_base::{Error, Result};
use signloop_network::quant::CodeMatrix;

/// How a plan runs on a processor; the time and traffic model differs by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Execution {
    /// Packed panels and a register-tiled multiply-accumulate (or add/subtract) micro-kernel.
    Gemm,
    /// Bit planes, XNOR/AND and population count, 64 weights a word.
    BitSerial,
    /// The op program over a block of output pixels at a time; weights are code or an index stream.
    Program,
}

/// What a method would execute for one layer.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How the plan runs.
    pub execution: Execution,
    /// Operations per output position, all groups together.
    pub counts: OpCounts,
    /// Weights and metadata that the method keeps for the layer.
    pub storage: WeightStorage,
    /// The adds and subtracts, one program a group; empty for methods that are no such program
    /// (`bit-packed`), which are executed by their own evaluator.
    pub programs: Vec<Arc<OpProgram>>,
}

impl Plan {
    /// The plan of programs, one a group, with the counts that are theirs. A method that runs them
    /// group by group of terms adds to the counts what it reads and writes in between.
    ///
    /// # Errors
    /// A count overflows.
    pub fn of_programs(programs: Vec<Arc<OpProgram>>, storage: WeightStorage) -> Result<Self> {
        let counts = counts_of(&programs)?;
        Ok(Self { execution: Execution::Program, counts, storage, programs })
    }

    /// The plan of one patch program a group, each its own weights: an index stream in which every
    /// term names its operand, ⌈log2 operands⌉ bits, and its sign.
    ///
    /// # Errors
    /// A count overflows.
    pub fn of_index_streams(
        request: &PlanRequest<'_>,
        build: impl Fn(CodeMatrix<'_>) -> OpProgram,
    ) -> Result<Self> {
        Self::with_index_streams(request, programs_of(request, build))
    }

    /// As [`Plan::of_index_streams`] of programs that are there.
    ///
    /// # Errors
    /// A count overflows.
    pub fn with_index_streams(
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Self> {
        let bits = programs.iter().try_fold(0_u64, |sum, program| {
            let operands = u64::from(program.inputs() + program.nodes());
            let term = u64::from(bits_for(operands)) + 1;
            program.counts().loads.checked_mul(term).and_then(|bits| sum.checked_add(bits))
        });
        let metadata_bits = bits.ok_or(Error::Overflow("index bits"))?;
        let storage = WeightStorage::of(request);
        Self::of_programs(programs, WeightStorage { weight_bits: 0, metadata_bits, ..storage })
    }
}

/// Builds one program a group.
pub(crate) fn programs_of(
    request: &PlanRequest<'_>,
    build: impl Fn(CodeMatrix<'_>) -> OpProgram,
) -> Vec<Arc<OpProgram>> {
    request.matrices().map(|matrix| Arc::new(build(matrix))).collect()
}

/// Sums the counts of all groups.
fn counts_of(programs: &[Arc<OpProgram>]) -> Result<OpCounts> {
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
