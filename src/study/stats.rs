//! Statistics of a network's quantised weights, layer by layer.

use serde::Serialize;

use crate::report::table::grid;
use signloop_base::Result;
use signloop_network::{
    quant::{Scheme, WeightStats, weight_stats_of_tiles},
    workload::{WeightSource, WeightStore, Workload},
};

/// The weights of one layer under one scheme.
#[derive(Debug, Clone, Serialize)]
pub struct StatsRow {
    /// Layer.
    pub layer: String,
    /// Scheme.
    pub scheme: String,
    /// Density, entropy and repetition.
    pub stats: WeightStats,
}

/// Statistics of every quantised layer, scheme by scheme. `tile` weights make a tile whose
/// repetition is counted; `seed` draws synthetic weights.
///
/// # Errors
/// Weights are missing or do not fit.
pub fn stats(
    workload: &Workload,
    source: &WeightSource,
    schemes: &[Scheme],
    tile: usize,
    seed: u64,
) -> Result<Vec<StatsRow>> {
    let mut rows = Vec::new();
    for scheme in schemes {
        let store = WeightStore::open(source, *scheme, seed)?;
        let tensors = store.layers(workload.quantized_layers())?;
        for (layer, tensor) in workload.quantized_layers().zip(&tensors) {
            rows.push(StatsRow {
                layer: layer.name.clone(),
                scheme: scheme.name().to_owned(),
                stats: weight_stats_of_tiles(tensor, tile),
            });
        }
    }
    Ok(rows)
}

/// The rows as a table.
#[must_use]
pub fn stats_table(rows: &[StatsRow], tile: usize) -> String {
    let tiles = format!("{tile}-tiles");
    let mut grid = grid(&[
        "layer",
        "scheme",
        "weights",
        "effectual",
        "density",
        "filter density",
        "bits/weight",
        "2-D kernels",
        "bound",
        "repetition",
        &tiles,
        "duplicate filters",
    ]);
    for StatsRow { layer, scheme, stats } in rows {
        grid.add_row([
            layer.clone(),
            scheme.clone(),
            stats.total.to_string(),
            stats.effectual.to_string(),
            format!("{:.3}", stats.density),
            format!("{:.2}..{:.2}", stats.filter_density.min, stats.filter_density.max),
            format!("{:.3}", stats.entropy_bits_per_weight),
            format!("{} of {}", stats.kernels.distinct, stats.kernels.total),
            stats.kernels.bound.to_string(),
            format!("{:.2}x", stats.kernels.repetition),
            stats.tiles.distinct.to_string(),
            format!("{} (+-{})", stats.duplicate_filters, stats.duplicate_filters_up_to_sign),
        ]);
    }
    format!(
        "{grid}\n\n2-D kernels: distinct RxS slices of all; bound: min(all, slices that the scheme \
         allows); {tiles}: distinct runs of {tile} weights; +-: up to sign\n"
    )
}
