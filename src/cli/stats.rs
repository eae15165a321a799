//! `signloop stats`.

use std::{num::NonZeroUsize, path::PathBuf};

use super::common::{Format, emit, keep, load_workload, schemes_of, weights_of};
use crate::{
    report::json,
    study::{stats, stats_table},
};
use signloop_base::Result;
use signloop_network::quant::TILE;

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

/// Prints the statistics of every quantised layer.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let read = arguments.weights.iter().chain([&arguments.workload]).map(PathBuf::as_path);
    keep(arguments.out.as_deref(), read)?;
    let workload = load_workload(&arguments.workload)?;
    let source = weights_of(&workload, arguments.weights.as_deref())?;
    keep(arguments.out.as_deref(), [])?;
    let schemes = schemes_of(&arguments.scheme, &source)?;
    let tile = arguments.tile.get();
    let rows = stats(&workload, &source, &schemes, tile, arguments.seed)?;
    let text = match arguments.format {
        Format::Json => json(&rows)?,
        Format::Table => stats_table(&rows, tile),
    };
    emit(&text, arguments.out.as_deref())
}
