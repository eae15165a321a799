//! Schemes against a baseline on accelerators: what is gained, and what density alone explains.
//!
//! Every layer is mapped for each scheme on its own. The scheme's mappings are then scored once
//! more with weights of the same density spread uniformly at random: what the actual weights do
//! beyond that is due to where their nonzeros lie.

use std::{fmt::Write as _, path::PathBuf};

use serde::Serialize;

use super::map::{MapRequest, layers_of, map};
use crate::report::{grid, map::MapReport, quoted};
use signloop_accelerator::{mapper::Design, sparse::Rules};
use signloop_base::{Error, Result};
use signloop_network::{
    quant::Scheme,
    workload::{WeightSource, Workload},
};

/// Shipped accelerators, by name.
pub const ACCELERATORS: [&str; 5] = ["sigma-like", "eyeriss-v2-pe", "dstc", "eyeriss", "stc"];

/// What to compare.
#[derive(Debug, Clone, Copy)]
pub struct GainRequest<'a> {
    /// Files or shipped names.
    pub accelerators: &'a [PathBuf],
    /// Network.
    pub workload: &'a Workload,
    /// Its weights.
    pub weights: &'a WeightSource,
    /// Schemes; the first is the baseline.
    pub schemes: &'a [Scheme],
    /// Names of layers; all quantised ones if empty.
    pub layers: &'a [String],
    /// Share of nonzero activations, uniformly random.
    pub input_density: f64,
    /// Mappings to score at most, by layer and scheme.
    pub evaluations: u64,
    /// Seed of the search and of synthetic weights.
    pub seed: u64,
}

/// Maps every scheme on every accelerator and compares. `total` is told the mappings to come, then
/// `scored` those that were scored.
///
/// # Errors
/// A description is broken, weights are missing, or a layer does not fit an accelerator.
pub fn compare(
    request: &GainRequest<'_>,
    total: &dyn Fn(u64),
    scored: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Gain>> {
    let GainRequest { workload, schemes, seed, evaluations, .. } = *request;
    let baseline =
        schemes.first().ok_or_else(|| Error::Internal("no scheme to compare with".into()))?;
    let (layers, weights) = layers_of(
        workload,
        (request.weights, schemes, seed),
        (request.layers, true, request.input_density),
        Rules::Exact,
    )?;
    total(evaluations.saturating_mul((layers.len() * request.accelerators.len()) as u64));
    let mut found = Vec::new();
    for path in request.accelerators {
        let design = Design::open(path)?;
        let search = MapRequest {
            weights: &weights,
            evaluations,
            seed,
            ..MapRequest::of(&design, &workload.name, &layers)
        };
        let report = map(&search, scored)?;
        found.extend(gains(&report, &baseline.to_string())?);
    }
    Ok(found)
}

/// One scheme on one accelerator. Ratios are to the baseline on the same accelerator.
#[derive(Debug, Clone, Serialize)]
pub struct Gain {
    /// Accelerator.
    pub arch: String,
    /// Scheme.
    pub scheme: String,
    /// Scheme it is compared with.
    pub baseline: String,
    /// Layers.
    pub layers: usize,
    /// Effectual operations over those of the baseline.
    pub density_ratio: f64,
    /// Energy over the baseline's.
    pub energy_ratio: f64,
    /// Cycles of the baseline over its own: throughput.
    pub throughput_ratio: f64,
    /// The throughput if cycles followed the density and nothing else.
    pub density_throughput_ratio: f64,
    /// Energy over the baseline's with the same density at random places, in the same mappings;
    /// absent where random weights do not fit them.
    pub uniform_energy_ratio: Option<f64>,
    /// Throughput over the baseline's with the same density at random places.
    pub uniform_throughput_ratio: Option<f64>,
    /// The part f of the baseline's energy in energy_ratio = f + (1 − f) · density_ratio that does
    /// not follow the density; below 0 where energy falls faster than density.
    pub fixed_energy_share: Option<f64>,
}

/// Compares the schemes of one search with its baseline.
///
/// # Errors
/// The baseline was not mapped.
pub fn gains(report: &MapReport, baseline: &str) -> Result<Vec<Gain>> {
    let total = |scheme: &str| report.totals.iter().find(|total| total.scheme == scheme);
    let base =
        total(baseline).ok_or_else(|| Error::Internal("the baseline was not mapped".to_owned()))?;
    let mut found = Vec::new();
    for own in report.totals.iter().filter(|total| total.scheme != baseline) {
        let uniform = own.statistical.map(|own| (own.energy_pj, own.cycles as f64));
        let density_ratio = own.density / base.density;
        let energy_ratio = own.energy_pj / base.energy_pj;
        found.push(Gain {
            arch: report.arch.clone(),
            scheme: own.scheme.clone(),
            baseline: baseline.to_owned(),
            layers: own.layers,
            density_ratio,
            energy_ratio,
            throughput_ratio: base.cycles as f64 / own.cycles as f64,
            density_throughput_ratio: 1.0 / density_ratio,
            uniform_energy_ratio: uniform.map(|(energy, _)| energy / base.energy_pj),
            uniform_throughput_ratio: uniform.map(|(_, cycles)| base.cycles as f64 / cycles),
            fixed_energy_share: (density_ratio < 1.0)
                .then(|| (energy_ratio - density_ratio) / (1.0 - density_ratio)),
        });
    }
    Ok(found)
}

/// Ratios published for signed-binary over binary: energy, throughput, density.
const PUBLISHED: &str = "published for signed-binary over binary (ICLR 2024 review thread of \
                         Signed-Binarization, simulator not named): energy 0.51x, throughput \
                         2.86x, density 0.35x; 1 / 0.35 = 2.86, so that throughput is ideal \
                         zero-skipping, and 0.51 = f + (1 - f) 0.35 gives f = 0.25";

/// The table, its legend and the published figures.
#[must_use]
pub fn table(workload: &str, gains: &[Gain]) -> String {
    let mut text = format!("{workload}: ratios to the baseline on the same accelerator\n\n");
    let mut rows = grid(&[
        "accelerator",
        "scheme / baseline",
        "density",
        "energy",
        "throughput",
        "1 / density",
        "uniform: energy",
        "uniform: throughput",
        "fixed energy",
    ]);
    let ratio = |value: f64| format!("{value:.2}x");
    let maybe = |value: Option<f64>| value.map_or_else(|| "does not fit".to_owned(), ratio);
    for gain in gains {
        rows.add_row([
            gain.arch.clone(),
            format!("{} / {}", gain.scheme, gain.baseline),
            ratio(gain.density_ratio),
            ratio(gain.energy_ratio),
            ratio(gain.throughput_ratio),
            ratio(gain.density_throughput_ratio),
            maybe(gain.uniform_energy_ratio),
            maybe(gain.uniform_throughput_ratio),
            gain.fixed_energy_share
                .map_or_else(String::new, |share| format!("{:.0} %", 100.0 * share)),
        ]);
    }
    let _ = writeln!(
        text,
        "{rows}\n\nuniform: the same mappings with weights of the same density at random places; \
         where that equals the columns before, density alone explains them\nfixed energy: the \
         share f of the baseline's energy in energy = f + (1 - f) density\n{PUBLISHED}\nEnergy \
         and cycles are modelled; a weight takes a whole word of each level."
    );
    text
}

/// One row an accelerator and scheme.
#[must_use]
pub fn csv(workload: &str, gains: &[Gain]) -> String {
    let mut text = String::from(
        "workload,arch,scheme,baseline,layers,density_ratio,energy_ratio,throughput_ratio,\
         density_throughput_ratio,uniform_energy_ratio,uniform_throughput_ratio,fixed_energy_share\n",
    );
    let maybe = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for gain in gains {
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{},{}",
            quoted(workload),
            quoted(&gain.arch),
            gain.scheme,
            gain.baseline,
            gain.layers,
            gain.density_ratio,
            gain.energy_ratio,
            gain.throughput_ratio,
            gain.density_throughput_ratio,
            maybe(gain.uniform_energy_ratio),
            maybe(gain.uniform_throughput_ratio),
            maybe(gain.fixed_energy_share),
        );
    }
    text
}
