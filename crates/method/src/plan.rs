//! What is asked of a method, and what it answers.

use std::{num::NonZeroU32, sync::Arc};

use super::{
    program::{OpCounts, OpProgram},
    storage::WeightStorage,
};
use signloop_base::Result;
use signloop_network::{
    quant::QuantizedTensor,
    workload::{LayerShape, OperandBits},
};

/// One layer to be planned.
#[derive(Debug, Clone, Copy)]
pub struct PlanRequest<'a> {
    /// The layer's shape.
    pub shape: &'a LayerShape,
    /// Its quantised weights.
    pub weights: &'a QuantizedTensor,
    /// Operand precisions.
    pub bits: OperandBits,
    /// Options shared by all methods.
    pub options: &'a PlanOptions,
}

/// Options of planning; part of the cache key, so equal options give equal plans.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct PlanOptions {
    /// Seed of every random choice.
    pub seed: u64,
    /// Iterations of the innermost loop of local search (0: none), for each of two searches side
    /// by side. A count, not a time, so that results repeat on any machine.
    pub search_iterations: u64,
    /// Columns of a tile within which `sum-merge` merges; all columns by default.
    pub column_tile: Option<NonZeroU32>,
    /// Filters that share an indirection table in `ucnn`; the best number by default.
    pub filter_group: Option<NonZeroU32>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { seed: 1, search_iterations: 0, column_tile: None, filter_group: None }
    }
}

impl std::fmt::Debug for dyn Method {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Iterations of local search a second, measured on one core of the reference machine (Zen 5 at
/// about 3 GHz, layers of 64 to 512 filters): what turns an effort into a count.
pub const SEARCH_ITERATIONS_PER_SECOND: f64 = 1e8;

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

/// An inference method.
pub trait Method: Sync {
    /// The name used in files and on the command line.
    fn name(&self) -> &'static str;

    /// One line for `signloop list`.
    fn summary(&self) -> &'static str;

    /// Whether the method can run the layer (activation bits, scheme); the reason if not.
    ///
    /// # Errors
    /// Why the method does not apply, in words for the user.
    fn applies(&self, request: &PlanRequest<'_>) -> std::result::Result<(), String> {
        let _ = request;
        Ok(())
    }

    /// Whether planning takes so long that plans are worth keeping on disk.
    fn is_slow(&self) -> bool {
        false
    }

    /// Another method that plans this layer in just the same way, so that it is planned once.
    fn same_as(&self, request: &PlanRequest<'_>) -> Option<&'static dyn Method> {
        let _ = request;
        None
    }

    /// Plans the layer.
    ///
    /// # Errors
    /// A count overflows, or the work was interrupted.
    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan>;
}
