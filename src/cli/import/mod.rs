//! `signloop import`: networks and weights from other tools' files.

mod onnx;
mod timeloop;
mod weights;

use signloop_base::Result;

/// Arguments of `signloop import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    /// Weights that PyTorch or NumPy saved, for the layers of a workload.
    Weights(weights::Args),
    /// An ONNX model: layers, shapes and weights.
    Onnx(onnx::Args),
    /// Timeloop v0.4 YAML: architecture, problem, ERT, and mapping and sparse optimisations if any.
    Timeloop(timeloop::Args),
}

/// Imports.
pub(super) fn run(arguments: &Args) -> Result<()> {
    match &arguments.from {
        From::Weights(arguments) => weights::run(arguments),
        From::Onnx(arguments) => onnx::run(arguments),
        From::Timeloop(arguments) => timeloop::run(arguments),
    }
}
