//! The report: the contract of `--format json` (see `docs/report.md`).

use serde::Serialize;

use crate::{
    method::{OpCounts, WeightStorage},
    model::{CycleBreakdown, EnergyBreakdown, LayerCost, Traffic},
    units::Microseconds,
    workload::LayerShape,
};

/// Version of the report's format.
pub const SCHEMA: &str = "signloop-report-1";

/// Everything one `simulate` found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Format version, [`SCHEMA`].
    pub schema: &'static str,
    /// Name and version of this tool.
    pub tool: String,
    /// The hardware's name.
    pub arch: String,
    /// The workload's name.
    pub workload: String,
    /// Seed of synthetic weights.
    pub seed: u64,
    /// Scheme and provenance of the weights used.
    pub weights: Vec<(String, String)>,
    /// What the numbers mean.
    pub conventions: Vec<&'static str>,
    /// Pairs that were left out, and why.
    pub skipped: Vec<String>,
    /// Layers in network order.
    pub layers: Vec<LayerReport>,
    /// Sums over the quantised layers by scheme and method; the fp32 layers stand apart.
    pub totals: Vec<Total>,
}

/// One layer under every scheme and method.
#[derive(Debug, Clone, Serialize)]
pub struct LayerReport {
    /// Name.
    pub name: String,
    /// Whether its weights are quantised.
    pub quantized: bool,
    /// Shape; `shape.kind` is conv, depthwise or linear.
    pub shape: LayerShape,
    /// One result per scheme and method.
    pub results: Vec<LayerResult>,
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

/// Operations of one layer: per output position, and in total.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OpSummary {
    /// Counts per output position.
    #[serde(flatten)]
    pub counts: OpCounts,
    /// K·N per output position.
    pub dense_macs: u64,
    /// dense_macs / adds.
    pub arithmetic_reduction: f64,
    /// 2·dense_macs / adds: a multiply and an add counted apart.
    pub arithmetic_reduction_two_op: f64,
    /// Output positions of the layer.
    pub positions: u64,
    /// adds × positions.
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
    /// Bytes by level and tensor, whole layer.
    pub traffic: Vec<Traffic>,
    /// Modelled energy of the whole layer.
    pub energy_pj: EnergyBreakdown,
    /// Cycles of the whole layer on one core.
    pub cycles: CycleBreakdown,
    /// Time of the whole layer on one core.
    pub time_us: Microseconds,
}

/// A sum over layers.
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
    /// Adds of all positions.
    pub adds_total: u64,
    /// Multiply-accumulates of all positions.
    pub dense_macs_total: u64,
    /// dense_macs_total / adds_total.
    pub arithmetic_reduction: f64,
    /// Bytes read from and written to DRAM.
    pub dram_bytes: u64,
    /// Modelled energy.
    pub energy_pj: f64,
    /// Cycles on one core.
    pub cycles: f64,
    /// Time on one core.
    pub time_us: f64,
}

impl LayerResult {
    /// Joins a count and its cost.
    #[must_use]
    pub fn new(
        scheme: &str,
        method: &str,
        weights: WeightSummary,
        (counts, storage): (OpCounts, WeightStorage),
        shape: &LayerShape,
        cost: LayerCost,
    ) -> Self {
        let dense_macs = shape.dense_macs();
        let reduction = ratio(dense_macs, counts.adds);
        let ops = OpSummary {
            counts,
            dense_macs,
            arithmetic_reduction: reduction,
            arithmetic_reduction_two_op: 2.0 * reduction,
            positions: shape.positions(),
            adds_total: counts.adds * shape.positions(),
            dense_macs_total: dense_macs * shape.positions(),
        };
        Self {
            scheme: scheme.to_owned(),
            method: method.to_owned(),
            weights,
            storage,
            ops,
            traffic: cost.traffic,
            energy_pj: cost.energy,
            cycles: cost.cycles,
            time_us: cost.time_us,
        }
    }
}

/// a / b, and 0 where b is 0 (a layer without adds has no reduction to speak of).
#[must_use]
pub fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// Sums the layers by scheme and method, in the order in which they first appear.
#[must_use]
pub fn totals(layers: &[LayerReport]) -> Vec<Total> {
    let mut totals: Vec<Total> = Vec::new();
    for result in layers.iter().flat_map(|layer| &layer.results) {
        let same =
            |total: &&mut Total| total.scheme == result.scheme && total.method == result.method;
        let dram: u64 = result
            .traffic
            .iter()
            .filter(|traffic| traffic.level == crate::model::MemoryLevel::Dram)
            .map(|traffic| traffic.read_bytes + traffic.write_bytes)
            .sum();
        let total = match totals.iter_mut().find(same) {
            Some(total) => total,
            None => {
                totals.push(Total {
                    scheme: result.scheme.clone(),
                    method: result.method.clone(),
                    layers: 0,
                    weights: WeightSummary::default(),
                    adds_total: 0,
                    dense_macs_total: 0,
                    arithmetic_reduction: 0.0,
                    dram_bytes: 0,
                    energy_pj: 0.0,
                    cycles: 0.0,
                    time_us: 0.0,
                });
                let last = totals.len() - 1;
                &mut totals[last]
            }
        };
        total.layers += 1;
        total.weights.total += result.weights.total;
        total.weights.effectual += result.weights.effectual;
        total.weights.density = ratio(total.weights.effectual, total.weights.total);
        total.adds_total += result.ops.adds_total;
        total.dense_macs_total += result.ops.dense_macs_total;
        total.arithmetic_reduction = ratio(total.dense_macs_total, total.adds_total);
        total.dram_bytes += dram;
        total.energy_pj += result.energy_pj.total.0;
        total.cycles += result.cycles.total.0;
        total.time_us += result.time_us.0;
    }
    totals
}
