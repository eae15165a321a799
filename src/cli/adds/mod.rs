//! `signloop adds`: random layers, or a network's own beside random ones.

mod random;
mod trained;

use std::path::PathBuf;

use super::common::Format;
use signloop_base::Result;

/// Arguments of `signloop adds`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Shape of the weights, R,S,C,K.
    #[arg(long, value_delimiter = ',', default_value = "3,3,64,64")]
    shape: Vec<u64>,
    /// Count the layers of this network, beside random ones.
    #[arg(
        long,
        conflicts_with_all = ["shape", "density", "map", "stride", "export_npy"]
    )]
    workload: Option<PathBuf>,
    /// Weights instead of the network's own (packed, .safetensors, .npz, .npy).
    #[arg(long, requires = "workload")]
    weights: Option<PathBuf>,
    /// Random weights to compare the network's with.
    #[arg(long, value_enum, default_value_t = trained::Random::Iid, requires = "workload")]
    against: trained::Random,
    /// Schemes, comma-separated; those of a network's weights, or binary, signed-binary, ternary.
    #[arg(long, value_delimiter = ',')]
    scheme: Vec<String>,
    /// Probability that a weight is effectual; by default 0.5 for ternary, else 0.35.
    #[arg(long)]
    density: Option<f64>,
    /// Number of random matrices, drawn from seeds 1, 2, ...; by default 5, and 1 a layer of a
    /// network.
    #[arg(long)]
    seeds: Option<u64>,
    /// Methods, comma-separated.
    #[arg(long, value_delimiter = ',', default_value = "shared-sum,shift-shared")]
    method: Vec<String>,
    /// Local search, in seconds on two cores of the reference machine.
    #[arg(long, default_value_t = 0.0)]
    effort: f64,
    /// Height and width of the output map, for the adds beyond its edge.
    #[arg(long, default_value_t = 56)]
    map: u64,
    /// Stride.
    #[arg(long, default_value_t = 1)]
    stride: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Folder to write the matrices in, one `.npy` each (K x N, int8).
    #[arg(long)]
    export_npy: Option<PathBuf>,
}

/// Plans, runs each program on random integers, prints.
pub(super) fn run(arguments: &Args) -> Result<()> {
    match &arguments.workload {
        Some(workload) => trained::run(arguments, workload),
        None => random::run(arguments),
    }
}
