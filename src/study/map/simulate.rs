//! A whole network on an accelerator in one call: mappings from a folder, or from a short search.

use std::path::{Path, PathBuf};

use super::{evaluate::mapped, layers::layers_of, request::MapRequest, run::map};
use crate::report::map::MapReport;
use signloop_accelerator::{
    mapper::Design,
    mapping::{self, Mapping},
    sparse::Rules,
};
use signloop_base::{Result, config::Document};
use signloop_network::{
    quant::Scheme,
    workload::{WeightSource, Workload},
};

/// A network to map and cost.
#[derive(Debug, Clone, Copy)]
pub struct NetworkRequest<'a> {
    /// The accelerator.
    pub design: &'a Design,
    /// The network.
    pub workload: &'a Workload,
    /// Its weights.
    pub weights: &'a WeightSource,
    /// Schemes of the weights.
    pub schemes: &'a [Scheme],
    /// Rules of the model.
    pub rules: Rules,
    /// Mappings to score at most, by layer.
    pub evaluations: u64,
    /// Seed of the search and of synthetic weights.
    pub seed: u64,
}

/// Costs of a network. `mappings` is a folder with a mapping a layer and scheme; without one each
/// is searched. `total` is told the mappings to come, then `scored` those that were scored.
///
/// # Errors
/// Weights are missing, or a layer or a given mapping does not fit the accelerator.
pub fn simulate_network(
    request: &NetworkRequest<'_>,
    mappings: Option<&Path>,
    total: &dyn Fn(u64),
    scored: &(dyn Fn(u64) + Sync),
) -> Result<MapReport> {
    let NetworkRequest { design, workload, rules, seed, evaluations, .. } = *request;
    let (layers, weights) =
        layers_of(workload, (request.weights, request.schemes, seed), (&[], true, 1.0), rules)?;
    let search = MapRequest {
        weights: &weights,
        rules,
        evaluations,
        seed,
        ..MapRequest::of(design, &workload.name, &layers)
    };
    let Some(folder) = mappings else {
        total(evaluations.saturating_mul(layers.len() as u64));
        return map(&search, scored);
    };
    let names = design.accelerator.level_names();
    let given: Vec<Mapping> = layers
        .iter()
        .map(|layer| {
            let path = folder.join(mapping_file(&layer.name, &layer.scheme));
            mapping::parse(&Document::read(&path)?, &layer.problem, &names)
        })
        .collect::<Result<_>>()?;
    mapped(&search, &given)
}

/// Name of a layer's mapping in the folder of a network's. Names differ where layers do: what
/// parts folders is written as in a URL.
#[must_use]
pub fn mapping_file(layer: &str, scheme: &str) -> PathBuf {
    let dot = if scheme.is_empty() { "" } else { "." };
    let plain = layer.replace('%', "%25").replace('/', "%2F").replace('\\', "%5C");
    format!("{plain}{dot}{scheme}.toml").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_layers_share_a_file() {
        let names = ["a/b", "a_b", "a%2Fb", "a\\b", "a.b"];
        let files = names.map(|name| mapping_file(name, "binary"));
        assert!(files.iter().all(|file| file.components().count() == 1));
        for (index, file) in files.iter().enumerate() {
            assert!(!files[..index].contains(file), "{file:?}");
        }
        assert_eq!(files[0], PathBuf::from("a%2Fb.binary.toml"));
    }
}
