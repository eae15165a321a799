//! `signloop gain`.

use std::path::PathBuf;

use super::{
    common::{ReportFormat, emit, keep, load_workload, parse_names, weights_of},
    progress::search_bar,
};
use crate::{
    report::json,
    study::gain::{self, GainRequest},
};
use signloop_base::Result;
use signloop_network::quant::Scheme;

/// Arguments of `signloop gain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Accelerators, comma-separated: TOML files or shipped names.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "sigma-like,eyeriss-v2-pe,dstc,eyeriss,stc"
    )]
    arch: Vec<PathBuf>,
    /// Network: a TOML file or a shipped name.
    #[arg(long, default_value = "resnet20-cifar10")]
    workload: PathBuf,
    /// Schemes, comma-separated.
    #[arg(long, value_delimiter = ',', default_value = "signed-binary,ternary")]
    scheme: Vec<String>,
    /// Scheme to compare with.
    #[arg(long, default_value = "binary")]
    baseline: String,
    /// Weights instead of the workload's own (packed, .safetensors, .npz, .npy).
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Layers, comma-separated; all quantised ones by default.
    #[arg(long, value_delimiter = ',')]
    layer: Vec<String>,
    /// Share of nonzero activations, uniformly random.
    #[arg(long, default_value_t = 1.0)]
    input_density: f64,
    /// Mappings to score at most, by layer and scheme.
    #[arg(long, default_value_t = 4_000)]
    evaluations: u64,
    /// Seed of the search and of synthetic weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Maps every scheme on every accelerator and compares.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let read = arguments.arch.iter().chain(&arguments.weights).chain([&arguments.workload]);
    keep(arguments.out.as_deref(), read.map(PathBuf::as_path))?;
    let workload = load_workload(&arguments.workload)?;
    let source = weights_of(&workload, arguments.weights.as_deref())?;
    keep(arguments.out.as_deref(), [])?;
    let mut names = vec![arguments.baseline.clone()];
    names.extend(arguments.scheme.iter().filter(|own| **own != arguments.baseline).cloned());
    let schemes: Vec<Scheme> = parse_names(&names, str::parse)?;
    let request = GainRequest {
        accelerators: &arguments.arch,
        workload: &workload,
        weights: &source,
        schemes: &schemes,
        layers: &arguments.layer,
        input_density: arguments.input_density,
        evaluations: arguments.evaluations.max(1),
        seed: arguments.seed,
    };
    let bar = search_bar();
    let gains = gain::compare(&request, &|total| bar.set_length(total), &|scored| bar.inc(scored))?;
    bar.finish_and_clear();
    let text = match arguments.format {
        ReportFormat::Table => gain::table(&workload.name, &gains),
        ReportFormat::Csv => gain::csv(&workload.name, &gains),
        ReportFormat::Json => json(&gains)?,
    };
    emit(&text, arguments.out.as_deref())
}
