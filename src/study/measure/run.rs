//! Layers × schemes × methods, measured.

use serde::Serialize;

use super::{
    machine::{Machine, energy_uj},
    subject::{Build, Subject, competitor},
    timer::{Effort, Times, interleave},
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_kernel::{Activations, Engine, Isa, Kernel, Lane, StepCounts, pin};
use signloop_network::{
    quant::{QuantizedTensor, Scheme},
    workload::{Layer, SyntheticWeights, WeightSource, WeightStore},
};

/// A measurement of several layers in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// The machine and its state.
    pub machine: Machine,
    /// One row a layer, scheme, method and activation type.
    pub layers: Vec<LayerTime>,
}

/// Where the weights of a row are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightKind {
    /// The workload's own, or those given.
    Given,
    /// Independent random ones of the same density.
    Iid,
}

/// Times of one layer under one scheme and method.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names and units say it; see docs/kernel.md")]
pub struct LayerTime {
    pub layer: String,
    pub weights: WeightKind,
    pub scheme: Scheme,
    pub method: String,
    pub activations: Activations,
    pub isa: Isa,
    pub engine: Option<Engine>,
    pub lane: Option<Lane>,
    pub threads: usize,
    pub density: f64,
    pub dense_macs: u64,
    /// Weights of all filters: dense multiply-accumulates of an output position.
    pub filter_weights: u64,
    #[serde(flatten)]
    pub times: Times,
    /// Dense-equivalent multiply-accumulates over the fastest time.
    pub gmac_per_s: f64,
    /// Vector operations of one block of pixels.
    pub steps: Option<StepCounts>,
    pub blocks: usize,
    /// Pixels of a block.
    pub lanes: usize,
    pub passes: usize,
    pub tile: usize,
    pub code_bytes: usize,
    /// Memory reads and writes of a run of machine code.
    pub memory_accesses: Option<(u64, u64)>,
    /// Instructions of a run of machine code.
    pub instructions: Option<u64>,
    pub build_ms: f64,
    /// Package energy of a run where the machine counts it; everything on the package is in it.
    pub energy_uj_per_run: Option<f64>,
}

impl LayerTime {
    /// Adds of an output position: those of a block over the vectors that a block has.
    #[must_use]
    pub fn adds_per_position(&self) -> Option<f64> {
        let bytes = self.lanes * self.lane?.bytes();
        let vectors = bytes.div_ceil(self.isa.vector_bytes()).max(1);
        Some(self.steps?.adds as f64 / vectors as f64)
    }

    /// The scheme, and whether the weights are independent random ones.
    #[must_use]
    pub fn scheme_name(&self) -> String {
        match self.weights {
            WeightKind::Given => self.scheme.to_string(),
            WeightKind::Iid => format!("{} i.i.d.", self.scheme),
        }
    }
}

/// What to measure.
#[derive(Debug, Clone)]
pub struct Settings<'a> {
    /// Layers.
    pub layers: Vec<&'a Layer>,
    /// Source of their weights.
    pub weights: &'a WeightSource,
    /// Measure independent random weights of the same density, too.
    pub iid: bool,
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
    let stores = stores(settings)?;
    let mut rows = Vec::new();
    for layer in &settings.layers {
        progress(&layer.name);
        let mut subjects = subjects(settings, &stores, layer)?;
        let mut runs: Vec<Box<dyn FnMut() -> Result<(), Problem> + '_>> = subjects
            .iter_mut()
            .map(|(_, subject)| -> Box<dyn FnMut() -> Result<(), Problem> + '_> {
                Box::new(|| subject.run())
            })
            .collect();
        let times = interleave(&mut runs, settings.effort)?;
        drop(runs);
        for ((case, subject), times) in subjects.iter_mut().zip(times) {
            let energy_uj_per_run = energy(subject, &times)?;
            rows.push(row(settings.isa, layer, case, subject, times, energy_uj_per_run));
        }
    }
    Ok(Measurement { machine, layers: rows })
}

/// What tells the rows of a layer apart.
struct Case {
    weights: WeightKind,
    scheme: Scheme,
    activations: Activations,
    threads: usize,
    density: f64,
    build_ms: f64,
}

/// Everything that is measured on a layer, planned and compiled.
fn subjects(
    settings: &Settings<'_>,
    stores: &[(Scheme, WeightStore)],
    layer: &Layer,
) -> Result<Vec<(Case, Subject)>> {
    let mut subjects = Vec::new();
    for (scheme, store) in stores {
        let given = given(store, *scheme, layer)?;
        let iid = match settings.iid {
            true => Some(independent(settings, *scheme, layer, given.density())?),
            false => None,
        };
        let tensors = [(WeightKind::Given, Some(given)), (WeightKind::Iid, iid)];
        for (kind, weights) in tensors {
            let Some(weights) = weights else { continue };
            for activations in &settings.activations {
                for method in &settings.methods {
                    let dense = competitor(method);
                    if dense.is_some_and(|own| own != *activations) {
                        continue;
                    }
                    // One thread beside many tells how the kernel scales.
                    let many =
                        (settings.threads > 1 && dense.is_none()).then_some(settings.threads);
                    for threads in std::iter::once(1).chain(many) {
                        let build = Build {
                            activations: *activations,
                            isa: settings.isa,
                            threads,
                            cache_bytes: settings.cache_bytes,
                        };
                        let begin = std::time::Instant::now();
                        let subject = Subject::new(layer, &weights, method, &build)?;
                        let case = Case {
                            weights: kind,
                            scheme: *scheme,
                            activations: *activations,
                            threads,
                            density: weights.density(),
                            build_ms: begin.elapsed().as_secs_f64() * 1e3,
                        };
                        subjects.push((case, subject));
                    }
                }
            }
        }
    }
    Ok(subjects)
}

/// Each scheme's weights, opened once for all layers. Where the source has none that are {0,1},
/// [`given`] takes those of signed-binary without their signs: the same zeros, so that the two
/// differ by the cost of mixed signs alone.
fn stores(settings: &Settings<'_>) -> Result<Vec<(Scheme, WeightStore)>> {
    let there = settings.weights.schemes();
    let open = |scheme: &Scheme| {
        let derived = *scheme == Scheme::ZeroOne
            && !there.contains(scheme)
            && there.contains(&Scheme::SignedBinary);
        let read = if derived { Scheme::SignedBinary } else { *scheme };
        Ok((*scheme, WeightStore::open(settings.weights, read, settings.seed)?))
    };
    settings.schemes.iter().map(open).collect()
}

/// The weights of a layer under a scheme; those of another scheme without their signs.
fn given(store: &WeightStore, scheme: Scheme, layer: &Layer) -> Result<QuantizedTensor> {
    let tensor = store.layer(layer)?;
    if tensor.scheme() == scheme {
        return Ok(tensor);
    }
    let codes = tensor.codes().iter().map(|code| code.abs()).collect();
    Ok(QuantizedTensor::new(scheme, tensor.shape(), codes, tensor.scales().to_vec())?)
}

/// Independent random weights of some density.
fn independent(
    settings: &Settings<'_>,
    scheme: Scheme,
    layer: &Layer,
    density: f64,
) -> Result<QuantizedTensor> {
    let source = WeightSource::Synthetic(SyntheticWeights {
        ternary_density: density,
        signed_binary_density: density,
        zero_one_density: density,
        density_spread: 0.0,
    });
    Ok(WeightStore::open(&source, scheme, settings.seed)?.layer(layer)?)
}

fn row(
    isa: Isa,
    layer: &Layer,
    case: &Case,
    subject: &Subject,
    times: Times,
    energy_uj_per_run: Option<f64>,
) -> LayerTime {
    let macs = layer.shape.dense_macs() * layer.shape.positions();
    let kernel = subject.kernel.as_ref();
    LayerTime {
        layer: layer.name.clone(),
        weights: case.weights,
        scheme: case.scheme,
        method: subject.name.clone(),
        activations: case.activations,
        isa,
        engine: kernel.map(Kernel::engine),
        lane: kernel.map(Kernel::lane),
        threads: case.threads,
        density: case.density,
        dense_macs: macs,
        filter_weights: layer.shape.dense_macs(),
        times,
        gmac_per_s: macs as f64 / times.min_us / 1e3,
        steps: kernel.map(Kernel::step_counts),
        blocks: kernel.map_or(0, Kernel::blocks),
        lanes: kernel.map_or(0, Kernel::lanes),
        passes: kernel.map_or(0, Kernel::passes),
        tile: kernel.map_or(1, Kernel::tile),
        code_bytes: kernel.map_or(0, Kernel::code_bytes),
        memory_accesses: kernel.and_then(Kernel::memory_accesses),
        instructions: kernel.and_then(Kernel::instructions),
        build_ms: case.build_ms,
        energy_uj_per_run,
    }
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
