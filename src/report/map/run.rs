//! Runs the searches of a whole network.

use std::time::{Duration, Instant};

use super::{
    network::network_front,
    types::{LayerMap, MapReport, MapTotal, Solved},
};
use crate::{
    Error, Result,
    arch::accelerator::Accelerator,
    diagnostics::Problem as Note,
    mapper::{Constraint, Request, Space, Stop, search},
    mapping,
    model::{
        accelerator::{Evaluator, Score},
        sparse::{Density, Occupied, Rules},
    },
    quant::Scheme,
    report::{Provenance, Tool},
    workload::{
        Layer, WeightSource, WeightStore, Workload,
        problem::{DensitySpec, Problem},
    },
};

/// What the chosen mapping of a layer is best in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// Energy times cycles.
    Edp,
    /// Energy; cycles where equal.
    Energy,
    /// Cycles; energy where equal.
    Cycles,
}

impl Objective {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Edp => "edp",
            Self::Energy => "energy",
            Self::Cycles => "cycles",
        }
    }

    fn cost(self, score: &Score) -> f64 {
        match self {
            Self::Edp => score.energy_pj * score.cycles as f64,
            Self::Energy => score.energy_pj,
            Self::Cycles => score.cycles as f64,
        }
    }
}

/// A layer to map.
#[derive(Debug, Clone)]
pub struct MapLayer {
    /// Name.
    pub name: String,
    /// Scheme of the weights, or nothing.
    pub scheme: String,
    /// The problem; its densities are statistical.
    pub problem: Problem,
    /// Densities counted from actual weights, by tensor; none where the problem's own holds.
    pub densities: Vec<Option<Density>>,
    /// Share of nonzero weights.
    pub density: f64,
}

/// What to search.
#[derive(Debug, Clone, Copy)]
pub struct MapRequest<'a> {
    /// The accelerator.
    pub accelerator: &'a Accelerator,
    /// What its dataflow allows.
    pub constraints: &'a [Constraint],
    /// Name of the workload.
    pub workload: &'a str,
    /// Layers in report order; those of one scheme together.
    pub layers: &'a [MapLayer],
    /// Where the weights come from.
    pub weights: &'a [Provenance],
    /// Rules of the model.
    pub rules: Rules,
    /// Mappings to score at most, by layer.
    pub evaluations: u64,
    /// Seed.
    pub seed: u64,
    /// Time for all layers together.
    pub time: Option<Duration>,
    /// What a chosen mapping is best in.
    pub objective: Objective,
}

/// The problems of the quantised layers of a network under one scheme, `only` some of them.
///
/// With `actual`, the density of the weights is counted from the weights themselves; otherwise they
/// are taken as uniformly random with the layer's share of nonzeros. Activations have the density
/// `inputs`.
///
/// # Errors
/// Weights are missing or do not fit, or no layer has the name given.
pub fn layers_of(
    workload: &Workload,
    (source, scheme, seed): (&WeightSource, Scheme, u64),
    (only, actual, inputs): (&[String], bool, f64),
    rules: Rules,
) -> Result<(Vec<MapLayer>, Provenance)> {
    let store = WeightStore::open(source, scheme, seed)?;
    for name in only {
        workload.quantized_layer(name)?;
    }
    let chosen: Vec<&Layer> = workload
        .quantized_layers()
        .filter(|layer| only.is_empty() || only.contains(&layer.name))
        .collect();
    let weights = store.layers(chosen.iter().copied())?;
    let mut layers = Vec::with_capacity(chosen.len());
    for (layer, weights) in chosen.into_iter().zip(weights) {
        let density = weights.density();
        let spec = if density < 1.0 { DensitySpec::Uniform(density) } else { DensitySpec::Dense };
        let activations =
            if inputs < 1.0 { DensitySpec::Uniform(inputs) } else { DensitySpec::Dense };
        let problem = Problem::of_layer(&layer.shape, spec, activations);
        let mut densities = Vec::new();
        if actual && density < 1.0 {
            let occupied = Occupied::from_weights(&weights).reshaped(&extents(&problem, 0))?;
            densities.push(Some(Density::actual(occupied, rules)));
        }
        let (name, scheme) = (layer.name.clone(), scheme.to_string());
        layers.push(MapLayer { name, scheme, problem, densities, density });
    }
    let provenance = Provenance { scheme: scheme.to_string(), provenance: store.provenance() };
    Ok((layers, provenance))
}

/// Extents of a tensor of a problem.
fn extents(problem: &Problem, tensor: usize) -> Vec<u64> {
    let indices = problem.tensors[tensor].indices.iter();
    indices
        .map(|index| {
            let reach = |size: u64, coefficient: u64| (size - 1) * coefficient;
            let terms = index
                .iter()
                .map(|term| reach(problem.dimensions[term.dimension].size, term.coefficient));
            terms.sum::<u64>() + 1
        })
        .collect()
}

/// Searches every layer. `progress` is told of the mappings scored, from several threads.
///
/// Layers with the same problem and no counted density are searched once.
///
/// # Errors
/// A constraint or feature does not fit, or no mapping of a layer fits.
pub fn map(request: &MapRequest<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<MapReport> {
    let start = Instant::now();
    let mut layers: Vec<LayerMap> = Vec::with_capacity(request.layers.len());
    for (index, layer) in request.layers.iter().enumerate() {
        let equal = (0..index).find(|earlier| {
            let other = &request.layers[*earlier];
            other.problem == layer.problem
                && other.densities.is_empty()
                && layer.densities.is_empty()
        });
        if let Some(earlier) = equal {
            let (layer, scheme) = (layer.name.clone(), layer.scheme.clone());
            layers.push(LayerMap { layer, scheme, ..layers[earlier].clone() });
            progress(request.evaluations);
            continue;
        }
        // What is left of the time is shared by the layers that are left.
        let time = request.time.map(|time| {
            time.saturating_sub(start.elapsed()) / (request.layers.len() - index) as u32
        });
        layers.push(map_layer(request, layer, time, progress)?);
    }
    let totals = totals(request, &layers);
    Ok(MapReport {
        tool: Tool { name: "signloop", version: env!("CARGO_PKG_VERSION") },
        arch: request.accelerator.name.clone(),
        workload: request.workload.to_owned(),
        rules: match request.rules {
            Rules::Exact => "exact",
            Rules::Timeloop => "timeloop",
        },
        seed: request.seed,
        evaluations_per_layer: request.evaluations,
        objective: request.objective.name(),
        weights: request.weights.to_vec(),
        layers,
        totals,
    })
}

fn map_layer(
    request: &MapRequest<'_>,
    layer: &MapLayer,
    time: Option<Duration>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<LayerMap> {
    let accelerator = request.accelerator;
    let space = Space::new(accelerator, &layer.problem, request.constraints)
        .map_err(|note| Error::from(named(note, layer)))?;
    let mut evaluator =
        Evaluator::with_densities(accelerator, &layer.problem, request.rules, &layer.densities)?;
    let limits = Request { evaluations: request.evaluations, seed: request.seed, time };
    let told = std::sync::atomic::AtomicU64::new(0);
    let outcome = search(&space, &evaluator, &limits, &|scored| {
        told.fetch_add(scored, std::sync::atomic::Ordering::Relaxed);
        progress(scored);
    });
    // A complete search scores fewer than it may.
    progress(request.evaluations.saturating_sub(told.into_inner()));
    let levels = accelerator.level_names();
    let mut front = Vec::new();
    for solution in outcome.front.solutions() {
        let evaluation = evaluator.evaluate(&solution.mapping).map_err(|_| {
            Error::Internal("a mapping that was scored does not evaluate".to_owned())
        })?;
        front.push(Solved {
            energy_pj: solution.score.energy_pj,
            cycles: solution.score.cycles,
            utilization: evaluation.compute.utilization,
            compute_pj: evaluation.compute.energy_pj,
            level_pj: evaluation
                .levels
                .iter()
                .map(|level| {
                    level.leak_pj + level.tensors.iter().map(|own| own.energy_pj).sum::<f64>()
                })
                .collect(),
            mapping: mapping::write(&solution.mapping, &layer.problem, &levels),
        });
    }
    let best = outcome.front.best(|score| request.objective.cost(score));
    let Some(chosen) = outcome.front.solutions().iter().position(|own| Some(own) == best) else {
        return Err(named(
            Note::new("no mapping fits")
                .hint("loosen the constraints, enlarge the levels or score more mappings"),
            layer,
        )
        .into());
    };
    Ok(LayerMap {
        layer: layer.name.clone(),
        scheme: layer.scheme.clone(),
        macs: layer.problem.operations(),
        density: layer.density,
        search: match outcome.stop {
            Stop::Complete => "complete",
            Stop::Evaluations => "evaluations",
            Stop::Time => "time",
        },
        scored: outcome.scored,
        fitted: outcome.fitted,
        chosen,
        front,
    })
}

fn named(note: Note, layer: &MapLayer) -> Note {
    Note::new(format!("layer `{}`: {}", layer.name, note.message()))
}

fn totals(request: &MapRequest<'_>, layers: &[LayerMap]) -> Vec<MapTotal> {
    let mut totals: Vec<MapTotal> = Vec::new();
    for own in layers.chunk_by(|first, second| first.scheme == second.scheme) {
        let macs: u64 = own.iter().map(|layer| layer.macs).sum();
        let nonzero: f64 = own.iter().map(|layer| layer.density * layer.macs as f64).sum();
        totals.push(MapTotal {
            scheme: own[0].scheme.clone(),
            layers: own.len(),
            macs,
            density: nonzero / macs.max(1) as f64,
            energy_pj: own.iter().map(|layer| layer.solved().energy_pj).sum(),
            cycles: own.iter().map(|layer| layer.solved().cycles).sum(),
            front: network_front(own),
        });
    }
    debug_assert!(totals.len() <= request.layers.len());
    totals
}
