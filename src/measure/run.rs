//! Layers × schemes × methods, measured.

use serde::Serialize;

use super::{
    machine::{Machine, energy_uj},
    subject::{Build, Subject},
    timer::{Effort, Times, interleave},
};
use crate::{
    Result,
    diagnostics::Problem,
    kernel::{Activations, Engine, Isa, Lane, StepCounts, pin},
    quant::Scheme,
    workload::{Layer, WeightSource, WeightStore},
};

/// A measurement of several layers in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// The machine and its state.
    pub machine: Machine,
    /// One row a layer, scheme, method and activation type.
    pub layers: Vec<LayerTime>,
}

/// Times of one layer under one scheme and method.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names and units say it; see docs/kernel.md")]
pub struct LayerTime {
    pub layer: String,
    pub scheme: Scheme,
    pub method: String,
    pub activations: Activations,
    pub isa: Isa,
    pub engine: Option<Engine>,
    pub lane: Option<Lane>,
    pub threads: usize,
    pub density: f64,
    pub dense_macs: u64,
    #[serde(flatten)]
    pub times: Times,
    /// Dense-equivalent multiply-accumulates over the fastest time.
    pub gmac_per_s: f64,
    /// Vector operations of one block of pixels.
    pub steps: Option<StepCounts>,
    pub blocks: usize,
    pub passes: usize,
    pub tile: usize,
    pub code_bytes: usize,
    pub build_ms: f64,
    /// Package energy of a run where the machine counts it; everything on the package is in it.
    pub energy_uj_per_run: Option<f64>,
}

/// What to measure.
#[derive(Debug, Clone)]
pub struct Settings<'a> {
    /// Layers.
    pub layers: Vec<&'a Layer>,
    /// Source of their weights.
    pub weights: &'a WeightSource,
    /// Seed of synthetic weights.
    pub seed: u64,
    /// Schemes.
    pub schemes: Vec<Scheme>,
    /// Methods and competitors.
    pub methods: Vec<String>,
    /// Activation types.
    pub activations: Vec<Activations>,
    /// Instruction set.
    pub isa: Isa,
    /// Threads of a run.
    pub threads: usize,
    /// Second-level cache.
    pub cache_bytes: usize,
    /// Effort of every layer.
    pub effort: Effort,
}

/// Measures layer by layer; all schemes, methods and activation types of a layer interleaved.
///
/// # Errors
/// Weights are missing, or a method does not run a layer.
pub fn measure_layers(
    settings: &Settings<'_>,
    mut progress: impl FnMut(&str),
) -> Result<Measurement> {
    let pinned = if settings.threads == 1 { pin() } else { None };
    let machine = Machine::now(pinned);
    let mut rows = Vec::new();
    for layer in &settings.layers {
        progress(&layer.name);
        let mut subjects = Vec::new();
        for scheme in &settings.schemes {
            let weights =
                WeightStore::open(settings.weights, *scheme, settings.seed)?.layer(layer)?;
            for activations in &settings.activations {
                for method in &settings.methods {
                    let is_dense = method == super::GEMM;
                    if is_dense && *activations != Activations::Fp32 {
                        continue;
                    }
                    let build = Build {
                        activations: *activations,
                        isa: settings.isa,
                        threads: settings.threads,
                        cache_bytes: settings.cache_bytes,
                    };
                    let begin = std::time::Instant::now();
                    let subject = Subject::new(layer, &weights, method, &build)?;
                    let build_ms = begin.elapsed().as_secs_f64() * 1e3;
                    subjects.push((subject, *scheme, *activations, weights.density(), build_ms));
                }
            }
        }
        let mut runs: Vec<Box<dyn FnMut() -> Result<(), Problem> + '_>> = subjects
            .iter_mut()
            .map(|(subject, ..)| -> Box<dyn FnMut() -> Result<(), Problem> + '_> {
                Box::new(|| subject.run())
            })
            .collect();
        let times = interleave(&mut runs, settings.effort)?;
        drop(runs);
        for ((subject, scheme, activations, density, build_ms), times) in
            subjects.iter_mut().zip(times)
        {
            let macs = layer.shape.dense_macs() * layer.shape.positions();
            let energy_uj_per_run = energy(subject, &times)?;
            let kernel = subject.kernel.as_ref();
            rows.push(LayerTime {
                layer: layer.name.clone(),
                scheme: *scheme,
                method: subject.name.clone(),
                activations: *activations,
                isa: settings.isa,
                engine: kernel.map(crate::kernel::Kernel::engine),
                lane: kernel.map(crate::kernel::Kernel::lane),
                threads: if kernel.is_some() { settings.threads } else { 1 },
                density: *density,
                dense_macs: macs,
                times,
                gmac_per_s: macs as f64 / times.min_us / 1e3,
                steps: kernel.map(crate::kernel::Kernel::step_counts),
                blocks: kernel.map_or(0, crate::kernel::Kernel::blocks),
                passes: kernel.map_or(0, crate::kernel::Kernel::passes),
                tile: kernel.map_or(1, crate::kernel::Kernel::tile),
                code_bytes: kernel.map_or(0, crate::kernel::Kernel::code_bytes),
                build_ms: *build_ms,
                energy_uj_per_run,
            });
        }
    }
    Ok(Measurement { machine, layers: rows })
}

/// Package energy of a run, over at least 50 ms of runs; `None` without a counter.
fn energy(subject: &mut Subject, times: &Times) -> Result<Option<f64>> {
    let Some(before) = energy_uj() else { return Ok(None) };
    let runs = (5e4 / times.median_us.max(1e-3)).ceil().max(1.0) as u64;
    for _ in 0..runs {
        subject.run()?;
    }
    let after = energy_uj().unwrap_or(before);
    // The counter wraps; a run across the wrap is not reported.
    Ok(after.checked_sub(before).map(|spent| spent as f64 / runs as f64))
}
