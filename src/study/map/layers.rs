//! The layers of a network as problems to map.

use crate::report::Provenance;
use signloop_accelerator::{
    problem::{DensitySpec, Problem},
    sparse::{Density, Occupied, Rules},
};
use signloop_base::Result;
use signloop_network::{
    quant::Scheme,
    workload::{Layer, WeightSource, WeightStore, Workload},
};

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

/// The problems of the quantised layers of a network, `only` some of them, scheme by scheme.
///
/// With `actual`, the density of the weights is counted from the weights themselves; otherwise they
/// are taken as uniformly random with the layer's share of nonzeros. Activations have the density
/// `inputs`.
///
/// # Errors
/// Weights are missing or do not fit, or no layer has the name given.
pub fn layers_of(
    workload: &Workload,
    (source, schemes, seed): (&WeightSource, &[Scheme], u64),
    how: (&[String], bool, f64),
    rules: Rules,
) -> Result<(Vec<MapLayer>, Vec<Provenance>)> {
    let (mut layers, mut weights) = (Vec::new(), Vec::new());
    for scheme in schemes {
        let (own, provenance) = layers_of_scheme(workload, (source, *scheme, seed), how, rules)?;
        layers.extend(own);
        weights.push(provenance);
    }
    Ok((layers, weights))
}

/// Those of one scheme.
fn layers_of_scheme(
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
