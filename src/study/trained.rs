//! Adds of a network's weights beside those of random weights: what training gives.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use serde::Serialize;

use crate::report::{grid, ratio};
use signloop_base::{Error, Result, diagnostics::Problem};
use signloop_method::{Method, PlanOptions, PlanRequest};
use signloop_network::{
    quant::{QuantizedTensor, Randomness, Scheme, synthesise},
    workload::{Layer, WeightSource, WeightStore, Workload},
};

/// Random weights to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// Independent weights of the layer's shape and density.
    Iid,
    /// The layer's own, shuffled within every filter: densities of filters stay what they are.
    Shuffled,
}

/// What to compare.
#[expect(missing_docs, reason = "each field's type says what it is")]
pub struct Comparison<'a> {
    pub workload: &'a Workload,
    pub weights: &'a WeightSource,
    pub schemes: &'a [Scheme],
    pub methods: &'a [&'static dyn Method],
    pub options: &'a PlanOptions,
    pub against: Against,
    /// Random draws for each layer, from seeds 1, 2, ...; their median counts.
    pub draws: u64,
}

/// One layer under one scheme and method.
#[derive(Debug, Clone, Serialize)]
pub struct TrainedRow {
    /// Layer.
    pub layer: String,
    /// Scheme.
    pub scheme: &'static str,
    /// Method.
    pub method: &'static str,
    /// Effectual weights over all.
    pub density: f64,
    /// Output positions of the layer.
    pub positions: u64,
    /// Adds of the layer's weights at all positions, halo included.
    pub adds_total: u64,
    /// The same of random weights, the median of the draws.
    pub random_adds_total: u64,
}

/// Counts, for every quantised layer, the adds of its weights and of random ones; every program is
/// run against the dense product. `done` is called after each layer, scheme and method.
///
/// # Errors
/// Weights are missing or do not fit, or a count overflows.
pub fn against_random(
    comparison: &Comparison<'_>,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<TrainedRow>> {
    if comparison.draws == 0 {
        return Err(Problem::new("at least one random draw is needed").into());
    }
    let layers: Vec<&Layer> = comparison.workload.quantized_layers().collect();
    let mut rows = Vec::new();
    for scheme in comparison.schemes {
        let store = WeightStore::open(comparison.weights, *scheme, comparison.options.seed)?;
        let tensors = store.layers(comparison.workload.quantized_layers())?;
        for method in comparison.methods {
            let own: Vec<Option<TrainedRow>> = layers
                .par_iter()
                .zip(&tensors)
                .map(|(layer, weights)| {
                    let row = row(comparison, layer, weights, *method)?;
                    done();
                    Ok(row)
                })
                .collect::<Result<_>>()?;
            rows.extend(own.into_iter().flatten());
        }
    }
    Ok(rows)
}

/// `None` where the method does not apply.
fn row(
    comparison: &Comparison<'_>,
    layer: &Layer,
    weights: &QuantizedTensor,
    method: &dyn Method,
) -> Result<Option<TrainedRow>> {
    let Some(adds_total) = adds(comparison, layer, weights, method)? else { return Ok(None) };
    let mut random: Vec<u64> = (1..=comparison.draws)
        .filter_map(|seed| {
            let drawn = match comparison.against {
                Against::Iid => {
                    let density = weights.density();
                    let randomness = Randomness { density, spread: 0.0, seed };
                    synthesise(weights.scheme(), weights.shape(), randomness)
                }
                Against::Shuffled => shuffled(weights, seed),
            };
            let count = |drawn| adds(comparison, layer, &drawn, method).transpose();
            drawn.map_err(Error::from).map(count).transpose().map(Result::flatten)
        })
        .collect::<Result<_>>()?;
    random.sort_unstable();
    Ok(Some(TrainedRow {
        layer: layer.name.clone(),
        scheme: weights.scheme().name(),
        method: method.name(),
        density: weights.density(),
        positions: layer.shape.positions(),
        adds_total,
        random_adds_total: random[(random.len() - 1) / 2],
    }))
}

/// Adds of the whole layer; `None` where the method does not apply.
fn adds(
    comparison: &Comparison<'_>,
    layer: &Layer,
    weights: &QuantizedTensor,
    method: &dyn Method,
) -> Result<Option<u64>> {
    let options = comparison.options;
    let request = PlanRequest::of_layer(layer, weights, options);
    if method.applies(&request).is_err() {
        return Ok(None);
    }
    let plan = method.plan(&request)?;
    method.verify(&request, &plan, options.seed)?;
    plan.counts.adds_total(layer.shape.positions()).map(Some)
}

/// The same codes in another order within every filter (Fisher–Yates).
fn shuffled(weights: &QuantizedTensor, seed: u64) -> Result<QuantizedTensor, Problem> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut codes = weights.codes().to_vec();
    for filter in codes.chunks_mut(weights.shape().filter_len().max(1)) {
        for last in (1..filter.len()).rev() {
            let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
            filter.swap(last, other as usize);
        }
    }
    QuantizedTensor::new(weights.scheme(), weights.shape(), codes, weights.scales().to_vec())
}

/// The rows as a table, and one line for each scheme and method over all layers.
#[must_use]
pub fn trained_table(rows: &[TrainedRow], against: Against) -> String {
    let random = match against {
        Against::Iid => "iid",
        Against::Shuffled => "shuffled",
    };
    let random_adds = format!("{random} adds/pos");
    let header = ["layer", "scheme", "method", "density", "adds/pos", &random_adds, "fewer"];
    let mut grid = grid(&header);
    let fewer = |own: u64, random: u64| format!("{:.1} %", 100.0 * (1.0 - ratio(own, random)));
    let mut totals = String::new();
    for group in rows.chunk_by(|a, b| a.scheme == b.scheme && a.method == b.method) {
        for row in group {
            grid.add_row([
                row.layer.clone(),
                row.scheme.to_owned(),
                row.method.to_owned(),
                format!("{:.3}", row.density),
                format!("{:.1}", ratio(row.adds_total, row.positions)),
                format!("{:.1}", ratio(row.random_adds_total, row.positions)),
                fewer(row.adds_total, row.random_adds_total),
            ]);
        }
        let sum = |pick: fn(&TrainedRow) -> u64| group.iter().map(pick).sum::<u64>();
        let (own, all) = (sum(|row| row.adds_total), sum(|row| row.random_adds_total));
        totals += &format!(
            "{} {}: {own} adds, {all} with {random} weights, {} fewer\n",
            group[0].scheme,
            group[0].method,
            fewer(own, all)
        );
    }
    format!("{grid}\n\n{totals}")
}
