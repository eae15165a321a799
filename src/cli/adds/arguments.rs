//! Arguments of `signloop adds`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::super::common::Format;

/// Random weights to compare with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Random {
    /// Independent weights of the layer's shape and density.
    Iid,
    /// The layer's own, shuffled within every filter.
    Shuffled,
}

/// Arguments of `signloop adds`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shape of the weights, R,S,C,K.
    #[arg(long, value_delimiter = ',', default_value = "3,3,64,64")]
    pub(super) shape: Vec<u64>,
    /// Count the layers of this network, beside random ones.
    #[arg(
        long,
        conflicts_with_all = ["shape", "density", "map", "stride", "export_npy"]
    )]
    pub(super) workload: Option<PathBuf>,
    /// Weights instead of the network's own (packed, .safetensors, .npz, .npy).
    #[arg(long, requires = "workload")]
    pub(super) weights: Option<PathBuf>,
    /// Random weights to compare the network's with.
    #[arg(long, value_enum, default_value_t = Random::Iid, requires = "workload")]
    pub(super) against: Random,
    /// Schemes, comma-separated; those of a network's weights, or binary, signed-binary, ternary.
    #[arg(long, value_delimiter = ',')]
    pub(super) scheme: Vec<String>,
    /// Probability that a weight is effectual; by default 0.5 for ternary, else 0.35.
    #[arg(long)]
    pub(super) density: Option<f64>,
    /// Number of random matrices, drawn from seeds 1, 2, ...; by default 5, and 1 a layer of a
    /// network.
    #[arg(long)]
    pub(super) seeds: Option<u64>,
    /// Methods, comma-separated.
    #[arg(long, value_delimiter = ',', default_value = "shared-sum,shift-shared")]
    pub(super) method: Vec<String>,
    /// Local search, in seconds on two cores of the reference machine.
    #[arg(long, default_value_t = 0.0)]
    pub(super) effort: f64,
    /// Height and width of the output map, for the adds beyond its edge.
    #[arg(long, default_value_t = 56)]
    pub(super) map: u64,
    /// Stride.
    #[arg(long, default_value_t = 1)]
    pub(super) stride: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// Folder to write the matrices in, one `.npy` each (K x N, int8).
    #[arg(long)]
    pub(super) export_npy: Option<PathBuf>,
}
