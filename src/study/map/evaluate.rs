//! What a mapping of a layer costs, with actual zeros and with random ones.

use super::{layers::MapLayer, request::MapRequest, totals::report};
use crate::report::map::{LayerMap, MapReport, Solved, Statistical};
use signloop_accelerator::{
    mapping::{self, Mapping},
    model::{Evaluator, Misfit},
};
use signloop_base::{
    Result,
    diagnostics::{Problem as Note, Problems},
};

/// Evaluates one given mapping a layer, in the request's order.
///
/// # Errors
/// A feature does not fit, or a mapping does not fit its layer.
pub fn mapped(request: &MapRequest<'_>, mappings: &[Mapping]) -> Result<MapReport> {
    let mut layers = Vec::with_capacity(mappings.len());
    for (layer, mapping) in request.layers.iter().zip(mappings) {
        let mut evaluator = evaluator(request, layer)?;
        let solved = solved(request, layer, &mut evaluator, mapping).map_err(|misfit| {
            let mut problems = Problems::new();
            let notes = misfit.tell(request.accelerator, &layer.problem);
            notes.into_iter().for_each(|note| problems.push(named(note, layer)));
            problems
        })?;
        let statistical = statistical(request, layer, (mapping, &solved))?;
        layers.push(LayerMap {
            layer: layer.name.clone(),
            scheme: layer.scheme.clone(),
            macs: layer.problem.operations(),
            density: layer.density,
            search: "given",
            scored: 1,
            fitted: 1,
            chosen: 0,
            front: vec![solved],
            statistical,
        });
    }
    Ok(report(request, layers))
}

pub(super) fn evaluator<'a>(
    request: &MapRequest<'a>,
    layer: &'a MapLayer,
) -> Result<Evaluator<'a>> {
    let (accelerator, densities) = (request.accelerator, &layer.densities);
    Evaluator::with_densities(accelerator, &layer.problem, request.rules, densities)
}

pub(super) fn solved(
    request: &MapRequest<'_>,
    layer: &MapLayer,
    evaluator: &mut Evaluator<'_>,
    mapping: &Mapping,
) -> Result<Solved, Misfit> {
    let evaluation = evaluator.evaluate(mapping)?;
    let level_pj = evaluation
        .levels
        .iter()
        .map(|level| level.leak_pj + level.tensors.iter().map(|own| own.energy_pj).sum::<f64>());
    Ok(Solved {
        energy_pj: evaluation.score.energy_pj,
        cycles: evaluation.score.cycles,
        utilization: evaluation.compute.utilization,
        compute_pj: evaluation.compute.energy_pj,
        level_pj: level_pj.collect(),
        mapping: mapping::write(mapping, &layer.problem, &request.accelerator.level_names()),
    })
}

/// The chosen mapping with the problem's own, statistical densities; none where no density of the
/// layer is counted, or where random zeros do not fit (tiles may then be fuller).
pub(super) fn statistical(
    request: &MapRequest<'_>,
    layer: &MapLayer,
    (mapping, actual): (&Mapping, &Solved),
) -> Result<Option<Statistical>> {
    if layer.densities.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut evaluator = Evaluator::new(request.accelerator, &layer.problem, request.rules)?;
    let actual = (actual.energy_pj, actual.cycles);
    let score = evaluator.score(mapping).ok();
    Ok(score.map(|score| Statistical::new((score.energy_pj, score.cycles), actual)))
}

pub(super) fn named(note: Note, layer: &MapLayer) -> Note {
    Note::new(format!("layer `{}`: {}", layer.name, note.message()))
}
