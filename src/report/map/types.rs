//! The report of a search, as written to JSON.

use serde::Serialize;

use crate::report::{Provenance, Tool};

/// Version of the report's format.
pub const SCHEMA: &str = "signloop-map-1";

/// What a search found.
#[derive(Debug, Clone, Serialize)]
pub struct MapReport {
    /// Format version, [`SCHEMA`].
    pub schema: &'static str,
    /// The tool that wrote it.
    pub tool: Tool,
    /// Accelerator.
    pub arch: String,
    /// Workload, or the problem's name.
    pub workload: String,
    /// `exact`, or `timeloop` where its roundings are reproduced.
    pub rules: &'static str,
    /// Seed of the search.
    pub seed: u64,
    /// Mappings to score at most, by layer.
    pub evaluations_per_layer: u64,
    /// What the chosen mapping of each layer is best in.
    pub objective: &'static str,
    /// Where the weights of each scheme come from.
    pub weights: Vec<Provenance>,
    /// One entry a layer and scheme.
    pub layers: Vec<LayerMap>,
    /// One entry a scheme.
    pub totals: Vec<MapTotal>,
}

/// One layer under one scheme.
#[derive(Debug, Clone, Serialize)]
pub struct LayerMap {
    /// Layer.
    pub layer: String,
    /// Scheme of its weights; empty for a problem without weights of ours.
    pub scheme: String,
    /// Operations of the dense layer.
    pub macs: u64,
    /// Share of nonzero weights.
    pub density: f64,
    /// How the search ended: `complete`, `evaluations` or `time`; `given` where there was none.
    pub search: &'static str,
    /// Mappings scored.
    pub scored: u64,
    /// Of those, the ones that fitted.
    pub fitted: u64,
    /// Place of the chosen mapping in the front.
    pub chosen: usize,
    /// Mappings that nothing found beats, least energy first.
    pub front: Vec<Solved>,
    /// The chosen mapping under the statistical density, where the report's own is counted.
    pub statistical: Option<Statistical>,
}

/// What a mapping costs with as many zeros at random places, beside what it costs with the actual
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistical {
    /// Energy in pJ.
    pub energy_pj: f64,
    /// Cycles.
    pub cycles: u64,
    /// Error of the statistical energy, of the actual one.
    pub energy_error: f64,
    /// Error of the statistical cycles, of the actual ones.
    pub cycles_error: f64,
}

impl Statistical {
    /// From costs of the same mapping or mappings.
    #[must_use]
    pub fn new((energy_pj, cycles): (f64, u64), (actual_pj, actual_cycles): (f64, u64)) -> Self {
        Self {
            energy_pj,
            cycles,
            energy_error: energy_pj / actual_pj - 1.0,
            cycles_error: cycles as f64 / actual_cycles as f64 - 1.0,
        }
    }
}

impl LayerMap {
    /// The chosen mapping.
    #[must_use]
    pub fn solved(&self) -> &Solved {
        &self.front[self.chosen]
    }
}

/// One mapping of a front.
#[derive(Debug, Clone, Serialize)]
pub struct Solved {
    /// Energy in pJ, modelled.
    pub energy_pj: f64,
    /// Cycles, modelled.
    pub cycles: u64,
    /// Busy unit cycles of the available ones.
    pub utilization: f64,
    /// Energy of the compute units in pJ.
    pub compute_pj: f64,
    /// Energy of each storage level in pJ, innermost first.
    pub level_pj: Vec<f64>,
    /// The mapping as TOML.
    pub mapping: String,
}

/// The chosen mappings of all layers of one scheme together.
#[derive(Debug, Clone, Serialize)]
pub struct MapTotal {
    /// Scheme.
    pub scheme: String,
    /// Layers.
    pub layers: usize,
    /// Dense operations.
    pub macs: u64,
    /// Share of nonzero weights, by operations.
    pub density: f64,
    /// Energy in pJ.
    pub energy_pj: f64,
    /// Cycles.
    pub cycles: u64,
    /// Convex front of the network: one mapping chosen for each layer.
    pub front: Vec<NetworkPoint>,
    /// The same mappings under statistical densities; absent where one does not fit them, or where
    /// no density is counted.
    pub statistical: Option<Statistical>,
}

/// One choice of a mapping for every layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NetworkPoint {
    /// Energy in pJ.
    pub energy_pj: f64,
    /// Cycles.
    pub cycles: u64,
}
