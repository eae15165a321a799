//! All layers of a scheme together.

use super::{layers::MapLayer, network::network_front, request::MapRequest};
use crate::report::{
    Tool,
    map::{LayerMap, MapReport, MapTotal, SCHEMA, Statistical},
};
use signloop_accelerator::sparse::Rules;

/// The report of mapped layers, with their totals.
pub(super) fn report(request: &MapRequest<'_>, layers: Vec<LayerMap>) -> MapReport {
    let totals = totals(request, &layers);
    MapReport {
        schema: SCHEMA,
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
    }
}

fn totals(request: &MapRequest<'_>, layers: &[LayerMap]) -> Vec<MapTotal> {
    let mut totals: Vec<MapTotal> = Vec::new();
    let mut at = 0;
    for own in layers.chunk_by(|first, second| first.scheme == second.scheme) {
        let macs: u64 = own.iter().map(|layer| layer.macs).sum();
        let (energy_pj, cycles) = own.iter().fold((0.0, 0), |(energy, cycles), layer| {
            (energy + layer.solved().energy_pj, cycles + layer.solved().cycles)
        });
        let nonzero: f64 = own.iter().map(|layer| layer.density * layer.macs as f64).sum();
        totals.push(MapTotal {
            scheme: own[0].scheme.clone(),
            layers: own.len(),
            macs,
            density: nonzero / macs.max(1) as f64,
            energy_pj,
            cycles,
            front: network_front(own),
            statistical: statistical_total(own, &request.layers[at..])
                .map(|total| Statistical::new(total, (energy_pj, cycles))),
        });
        at += own.len();
    }
    totals
}

/// Energy and cycles of all layers under statistical densities; layers without counted densities
/// have no others.
fn statistical_total(layers: &[LayerMap], asked: &[MapLayer]) -> Option<(f64, u64)> {
    let counted = |layer: &MapLayer| layer.densities.iter().any(Option::is_some);
    if !asked[..layers.len()].iter().any(counted) {
        return None;
    }
    layers.iter().zip(asked).try_fold((0.0, 0), |(energy, cycles), (layer, asked)| {
        let solved = layer.solved();
        let own = match layer.statistical {
            Some(own) => (own.energy_pj, own.cycles),
            None if counted(asked) => return None,
            None => (solved.energy_pj, solved.cycles),
        };
        Some((energy + own.0, cycles + own.1))
    })
}
