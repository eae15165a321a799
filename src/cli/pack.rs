//! `signloop pack`.

use std::{collections::BTreeMap, path::PathBuf};

use super::common::{keep, load_workload, not_stdout};
use signloop_base::{Result, diagnostics::Problem};
use signloop_network::{
    quant::{QuantizeOptions, Scheme, Threshold, write_packed},
    workload::{WeightSource, WeightStore},
};

/// Arguments of `signloop pack`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Network whose quantised layers are packed: a TOML file or a shipped name.
    #[arg(long)]
    workload: PathBuf,
    /// Latent weights (.safetensors, .npz or .npy).
    #[arg(long)]
    weights: PathBuf,
    /// Scheme.
    #[arg(long)]
    scheme: String,
    /// Threshold as a fraction of mean |w| (TWN: 0.7) instead of 0.05 of max |w|.
    #[arg(long)]
    threshold_of_mean: Option<f64>,
    /// Where the weights come from, in words; kept in the file.
    #[arg(long)]
    provenance: String,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
}

/// Quantises and writes.
pub(super) fn run(arguments: &Args) -> Result<()> {
    not_stdout(&arguments.out, "packed weights")?;
    let read = [arguments.workload.as_path(), &arguments.weights];
    keep(Some(&arguments.out), read)?;
    let scheme: Scheme = arguments.scheme.parse::<Scheme>()?;
    let workload = load_workload(&arguments.workload)?;
    let mut options = QuantizeOptions { scheme, ..QuantizeOptions::default() };
    if let Some(fraction) = arguments.threshold_of_mean {
        if !(fraction > 0.0 && fraction.is_finite()) {
            return Err(Problem::new("--threshold-of-mean must be above 0").into());
        }
        options.threshold = Threshold::MeanFraction(fraction);
    }
    let source = WeightSource::Latent {
        files: vec![(None, arguments.weights.clone())],
        options,
        rename: Vec::new(),
    };
    let store = WeightStore::open(&source, scheme, 0)?;
    let tensors = store.layers(workload.quantized_layers())?;
    let named: BTreeMap<_, _> =
        workload.quantized_layers().map(|layer| layer.tensor.clone()).zip(tensors).collect();
    write_packed(&arguments.out, scheme, &arguments.provenance, &named)
}
