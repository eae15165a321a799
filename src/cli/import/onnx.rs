//! `signloop import onnx`.

use std::{fmt::Write as _, path::PathBuf};

use super::super::common::{apart, emit, keep, not_stdout};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, Problems},
    files::write_together,
};
use signloop_network::workload::{self, latent_weights, onnx, read_bytes, safetensors};

/// Arguments of `signloop import onnx`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The model.
    model: PathBuf,
    /// Channels, height and width of the input, as 3x224x224, where the model leaves them open.
    #[arg(long, value_parser = sizes)]
    input: Option<[u64; 3]>,
    /// Quantise the first and the last layer, too; they stay fp32 by default.
    #[arg(long)]
    quantize_all: bool,
    /// Workload file to write; the weights go beside it with the extension `.safetensors`.
    #[arg(long)]
    out: PathBuf,
}

fn sizes(text: &str) -> Result<[u64; 3], String> {
    let sizes: Vec<u64> = text.split('x').filter_map(|size| size.parse().ok()).collect();
    sizes.try_into().map_err(|_| "expected three sizes, as 3x224x224".to_owned())
}

/// Reads the model, tells what it left out, writes workload and weights.
pub(super) fn run(arguments: &Args) -> Result<()> {
    not_stdout(&arguments.out, "a workload and its weights")?;
    let weights = arguments.out.with_extension("safetensors");
    keep(Some(&arguments.out), [arguments.model.as_path()])?;
    keep(Some(&weights), [arguments.model.as_path()])?;
    apart(Some(&arguments.out), Some(&weights))?;
    let bytes = read_bytes(&arguments.model)?;
    let file = arguments.model.display().to_string();
    let name = arguments.out.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let fp32: &[i64] = if arguments.quantize_all { &[] } else { &[0, -1] };
    let imported = onnx::import(&bytes, &name, arguments.input, fp32).map_err(|messages| {
        let mut problems = Problems::new();
        for message in messages {
            problems.push(Problem::new(message).in_file(&file));
        }
        Error::Input(problems)
    })?;
    let beside = PathBuf::from(weights.file_name().unwrap_or_default());
    let (before, after) = &imported.toml;
    let toml = format!("{before}{}{after}", latent_weights(&beside, &[]));
    // The reader has the last word on shapes before anything is written.
    workload::parse(&arguments.out.display().to_string(), &toml, std::path::Path::new(""))?;
    let files = [
        (weights.clone(), safetensors(&imported.tensors)?),
        (arguments.out.clone(), toml.into_bytes()),
    ];
    write_together(None, &files)?;
    let mut text = String::new();
    for layer in &imported.layers {
        let shape = &imported.tensors[&format!("{layer}.weight")].shape;
        let _ = writeln!(text, "layer {layer}: weights {shape:?}");
    }
    for skipped in &imported.skipped {
        let _ = writeln!(text, "skipped {} ({}): {}", skipped.node, skipped.op, skipped.reason);
    }
    let _ = writeln!(text, "wrote {} and {}", arguments.out.display(), weights.display());
    emit(&text, None)
}
