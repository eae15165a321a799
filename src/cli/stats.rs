//! `signloop stats`.

use std::{num::NonZeroUsize, path::PathBuf};

use serde::Serialize;

use super::common::{Format, emit, load_workload, schemes_of, weights_of};
use crate::{
    Result,
    quant::{TILE, WeightStats, weight_stats_of_tiles},
    report::{json, table::grid},
    workload::WeightStore,
};

const DEFAULT_TILE: NonZeroUsize = NonZeroUsize::new(TILE).unwrap();

/// Arguments of `signloop stats`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Network: a TOML file or a shipped name.
    #[arg(long)]
    workload: PathBuf,
    /// Schemes, comma-separated; those of the weights by default.
    #[arg(long, value_delimiter = ',')]
    scheme: Vec<String>,
    /// Weights instead of the workload's own (packed, .safetensors, .npz, .npy).
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Weights of a tile whose repetition is counted.
    #[arg(long, default_value_t = DEFAULT_TILE)]
    tile: NonZeroUsize,
    /// Seed of synthetic weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Row {
    layer: String,
    scheme: String,
    stats: WeightStats,
}

/// Prints the statistics of every quantised layer.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let workload = load_workload(&arguments.workload)?;
    let source = weights_of(&workload, arguments.weights.as_deref())?;
    let mut rows = Vec::new();
    for scheme in schemes_of(&arguments.scheme, &source)? {
        let store = WeightStore::open(&source, scheme, arguments.seed)?;
        let tensors = store.layers(workload.quantized_layers())?;
        for (layer, tensor) in workload.quantized_layers().zip(&tensors) {
            rows.push(Row {
                layer: layer.name.clone(),
                scheme: scheme.name().to_owned(),
                stats: weight_stats_of_tiles(tensor, arguments.tile.get()),
            });
        }
    }
    let text = match arguments.format {
        Format::Json => json(&rows)?,
        Format::Table => table(&rows, arguments.tile.get()),
    };
    emit(&text, arguments.out.as_deref())
}

fn table(rows: &[Row], tile: usize) -> String {
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
    for Row { layer, scheme, stats } in rows {
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
