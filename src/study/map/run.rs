//! Runs the searches of a whole network.

use std::time::{Duration, Instant};

use super::{
    evaluate::{evaluator, named, solved, statistical},
    layers::MapLayer,
    request::MapRequest,
    totals::report,
};
use crate::report::map::{LayerMap, MapReport};
use signloop_accelerator::mapper::{Request, Space, Stop, search};
use signloop_base::{Error, Result, diagnostics::Problem as Note};

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
    Ok(report(request, layers))
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
    let mut evaluator = evaluator(request, layer)?;
    let limits = Request { evaluations: request.evaluations, seed: request.seed, time };
    let told = std::sync::atomic::AtomicU64::new(0);
    let outcome = search(&space, &evaluator, &limits, &|scored| {
        told.fetch_add(scored, std::sync::atomic::Ordering::Relaxed);
        progress(scored);
    });
    // A complete search scores fewer than it may.
    progress(request.evaluations.saturating_sub(told.into_inner()));
    let mut front = Vec::new();
    for solution in outcome.front.solutions() {
        let own = solved(request, layer, &mut evaluator, &solution.mapping).map_err(|_| {
            Error::Internal("a mapping that was scored does not evaluate".to_owned())
        })?;
        front.push(own);
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
        statistical: statistical(
            request,
            layer,
            (&outcome.front.solutions()[chosen].mapping, &front[chosen]),
        )?,
        front,
    })
}
