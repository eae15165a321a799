//! `signloop import onnx`.

use std::{fmt::Write as _, path::PathBuf};

use super::super::common::{apart, emit, keep, not_stdout};
use signloop_base::{Result, files::write_together};
use signloop_network::workload::{self, latent_weights, onnx, read_bytes, safetensors};

/// Arguments of `signloop import onnx`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The model.
    model: PathBuf,
    /// Sizes of the input after the batch, as 3x224x224, where the model leaves them open.
    #[arg(long, value_parser = sizes)]
    input: Option<Sizes>,
    /// A dimension that the model names and leaves open, as N=8; once for each.
    #[arg(long, value_name = "NAME=SIZE", value_parser = dimension)]
    dim: Vec<(String, u64)>,
    /// Quantise the first and the last layer, too; they stay fp32 by default.
    #[arg(long)]
    quantize_all: bool,
    /// Workload file to write; the weights go beside it with the extension `.safetensors`.
    #[arg(long)]
    out: PathBuf,
}

/// Sizes after the batch.
#[derive(Debug, Clone)]
struct Sizes(Vec<u64>);

fn positive(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size| *size > 0)
}

fn sizes(text: &str) -> Result<Sizes, String> {
    let sizes: Option<Vec<u64>> = text.split('x').map(positive).collect();
    sizes.map(Sizes).ok_or_else(|| "expected sizes of 1 or more, as 3x224x224 or 784".to_owned())
}

fn dimension(text: &str) -> Result<(String, u64), String> {
    let found = text.rsplit_once('=').and_then(|(name, size)| Some((name, positive(size)?)));
    let (name, size) = found.ok_or("expected a name and a size of 1 or more, as N=8")?;
    Ok((name.to_owned(), size))
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
    let options = onnx::Options {
        name: &name,
        file: &file,
        folder: arguments.model.parent(),
        input: arguments.input.as_ref().map(|sizes| &*sizes.0),
        sizes: &arguments.dim,
        fp32,
    };
    let imported = onnx::import(&bytes, &options)?;
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
    for note in &imported.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let _ = writeln!(text, "wrote {} and {}", arguments.out.display(), weights.display());
    emit(&text, None)
}
