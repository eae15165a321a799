//! The report: the contract of `--format json` (see `docs/report.md` and `docs/report.schema.json`).

use serde::Serialize;

use super::best::{LayerBest, WorkingSet};
use signloop_base::{
    Result,
    units::{Cycles, Microseconds},
};
use signloop_cpu::{CycleBreakdown, EnergyBreakdown, LayerCost, MemoryLevel, Traffic};
use signloop_method::{OpCounts, Verification, WeightStorage};
use signloop_network::{
    quant::QuantizedTensor,
    workload::{LayerKind, LayerShape},
};

/// Version of the report's format.
pub const SCHEMA: &str = "signloop-report-1";

/// Everything one `simulate` found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Format version, [`SCHEMA`].
    pub schema: &'static str,
    /// This tool.
    pub tool: Tool,
    /// The hardware's name.
    pub arch: String,
    /// The workload's name.
    pub workload: String,
    /// Seed of synthetic weights.
    pub seed: u64,
    /// Scheme and provenance of the weights used.
    pub weights: Vec<Provenance>,
    /// What the numbers mean.
    pub conventions: Vec<&'static str>,
    /// What was executed on random integers against the dense product, if asked for.
    pub verified: Option<Verification>,
    /// Pairs that were left out, and why.
    pub skipped: Vec<String>,
    /// Layers in network order.
    pub layers: Vec<LayerReport>,
    /// Sums over the quantised layers by scheme and method; the fp32 layers stand apart.
    pub totals: Vec<Total>,
}

/// Who made a report.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

/// Where the weights of one scheme came from.
#[derive(Debug, Clone, Serialize)]
pub struct Provenance {
    /// The scheme.
    pub scheme: String,
    /// In words.
    pub provenance: String,
}

/// One layer under every scheme and method.
#[derive(Debug, Clone, Serialize)]
pub struct LayerReport {
    /// Name.
    pub name: String,
    /// conv, depthwise or linear.
    pub kind: LayerKind,
    /// Whether its weights are quantised.
    pub quantized: bool,
    /// Shape.
    pub shape: LayerShape,
    /// One result per scheme and method.
    pub results: Vec<LayerResult>,
    /// For every scheme, the op programs with the fewest adds.
    pub best: Vec<LayerBest>,
}

/// Parameters of one layer or of a network.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct WeightSummary {
    /// All weights.
    pub total: u64,
    /// Non-zero weights.
    pub effectual: u64,
    /// effectual / total.
    pub density: f64,
}

impl WeightSummary {
    /// Of one layer's quantised weights.
    #[must_use]
    pub fn of(weights: &QuantizedTensor) -> Self {
        Self {
            total: weights.codes().len() as u64,
            effectual: weights.effectual(),
            density: weights.density(),
        }
    }
}

/// Operations of one layer: per output position, and in total.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OpSummary {
    /// Counts per output position.
    #[serde(flatten)]
    pub counts: OpCounts,
    /// K·N per output position.
    pub dense_macs: u64,
    /// dense_macs_total / adds_total, which is dense_macs / adds where there is no halo.
    pub arithmetic_reduction: f64,
    /// 2·dense_macs / adds: a multiply and an add counted apart.
    pub arithmetic_reduction_two_op: f64,
    /// Output positions of the layer.
    pub positions: u64,
    /// adds × positions + halo_adds_total.
    pub adds_total: u64,
    /// dense_macs × positions.
    pub dense_macs_total: u64,
}

/// One layer under one scheme and method.
#[derive(Debug, Clone, Serialize)]
pub struct LayerResult {
    /// Scheme, or `fp32`.
    pub scheme: String,
    /// Method.
    pub method: String,
    /// Parameters.
    pub weights: WeightSummary,
    /// What the method keeps for them.
    pub storage: WeightStorage,
    /// Operations.
    pub ops: OpSummary,
    /// Vectors that an op program keeps at hand; absent for other executions.
    pub working_set: Option<WorkingSet>,
    /// Bytes by level and tensor, whole layer.
    pub traffic: Vec<Traffic>,
    /// Modelled energy of the whole layer.
    pub energy_pj: EnergyBreakdown,
    /// Cycles of the whole layer on one core.
    pub cycles: CycleBreakdown,
    /// Time of the whole layer on one core.
    pub time_us: Microseconds,
}

impl LayerResult {
    /// Joins a count and its cost.
    ///
    /// # Errors
    /// A count overflows.
    pub fn new(
        scheme: &str,
        method: &str,
        weights: WeightSummary,
        (counts, storage): (OpCounts, WeightStorage),
        shape: &LayerShape,
        cost: LayerCost,
    ) -> Result<Self> {
        let dense_macs = shape.dense_macs();
        let adds_total = counts.adds_total(shape.positions())?;
        // Halo adds count against a method that shares across pixels.
        let reduction = ratio(dense_macs * shape.positions(), adds_total);
        let ops = OpSummary {
            counts,
            dense_macs,
            arithmetic_reduction: reduction,
            arithmetic_reduction_two_op: 2.0 * reduction,
            positions: shape.positions(),
            adds_total,
            dense_macs_total: dense_macs * shape.positions(),
        };
        Ok(Self {
            scheme: scheme.to_owned(),
            method: method.to_owned(),
            weights,
            storage,
            ops,
            working_set: None,
            traffic: cost.traffic,
            energy_pj: cost.energy,
            cycles: cost.cycles,
            time_us: cost.time_us,
        })
    }
}

/// The fields of a layer's result, summed. Per-position counts have no sum; whole-layer ones do.
#[derive(Debug, Clone, Serialize)]
pub struct Total {
    /// Scheme, or `fp32`.
    pub scheme: String,
    /// Method.
    pub method: String,
    /// Layers summed.
    pub layers: usize,
    /// Parameters.
    pub weights: WeightSummary,
    /// What the method keeps for them.
    pub storage: WeightStorage,
    /// Operations of all positions.
    pub ops: OpTotals,
    /// Bytes by level and tensor.
    pub traffic: Vec<Traffic>,
    /// Modelled energy.
    pub energy_pj: EnergyBreakdown,
    /// Cycles on one core, one layer after the other; `bound_by` names what bounds the most of them.
    pub cycles: CycleBreakdown,
    /// Time on one core.
    pub time_us: Microseconds,
    /// Cycles by what bounds them, in order of first appearance.
    #[serde(skip)]
    pub(super) bounds: Vec<(&'static str, Cycles)>,
}

/// Operations of all output positions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OpCountsTotal {
    /// Two-input adds and subtracts.
    pub adds_total: u64,
    /// Multiplies by weights (fp32 layers).
    pub multiplies_total: u64,
    /// Multiplies by scales.
    pub scale_muls_total: u64,
    /// Bitwise operations on words.
    pub logic_ops_total: u64,
    /// Population counts of words.
    pub popcounts_total: u64,
    /// Dense multiply-accumulates.
    pub dense_macs_total: u64,
}

/// [`OpCountsTotal`] and what follows from it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct OpTotals {
    /// The counts.
    #[serde(flatten)]
    pub counts: OpCountsTotal,
    /// dense_macs_total / adds_total.
    pub arithmetic_reduction: f64,
    /// Twice that: a multiply and an add counted apart.
    pub arithmetic_reduction_two_op: f64,
}

/// Bytes read from and written to DRAM.
#[must_use]
pub fn dram_bytes(traffic: &[Traffic]) -> (u64, u64) {
    traffic
        .iter()
        .filter(|traffic| traffic.level == MemoryLevel::Dram)
        .fold((0, 0), |(read, write), row| (read + row.read_bytes, write + row.write_bytes))
}

/// a / b, and 0 where b is 0 (a layer without adds has no reduction to speak of).
#[must_use]
pub fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}
