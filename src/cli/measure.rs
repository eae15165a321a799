//! `signloop measure`.

use std::{path::PathBuf, time::Duration};

use super::common::{Format, emit, load_workload, parse_names, schemes_of, weights_of};
use crate::{
    Result,
    diagnostics::Problem,
    kernel::Isa,
    measure::{Effort, Settings, cache_bytes, measure_layers, measurement_table},
    report::json,
    workload::{Layer, Workload},
};

/// Arguments of `signloop measure`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Network: a TOML file or a shipped name.
    #[arg(long)]
    workload: PathBuf,
    /// Layers, comma-separated; all quantised ones by default.
    #[arg(long, value_delimiter = ',')]
    layer: Vec<String>,
    /// Schemes, comma-separated; those of the weights by default.
    #[arg(long, value_delimiter = ',')]
    scheme: Vec<String>,
    /// Methods that are compiled, or `gemm-fp32`, comma-separated.
    #[arg(long, value_delimiter = ',', default_value = "row-pattern,zero-skip,gemm-fp32")]
    kernel: Vec<String>,
    /// Activation types, comma-separated: `fp32`, `u1` to `u8`.
    #[arg(long, value_delimiter = ',', default_value = "fp32,u8")]
    activations: Vec<String>,
    /// Weights instead of the workload's own (packed, .safetensors, .npz, .npy).
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Seed of synthetic weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of a run; with 1 the thread is pinned.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Rounds at most, for each layer.
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Seconds at most, for each layer.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Measures and prints.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let workload = load_workload(&arguments.workload)?;
    let weights = weights_of(&workload, arguments.weights.as_deref())?;
    let settings = Settings {
        layers: layers(&workload, &arguments.layer)?,
        weights: &weights,
        seed: arguments.seed,
        schemes: schemes_of(&arguments.scheme, &weights)?,
        methods: arguments.kernel.clone(),
        activations: parse_names(&arguments.activations, str::parse)?,
        isa: Isa::detect()?,
        threads: threads(arguments.threads)?,
        cache_bytes: cache_bytes(2).unwrap_or(1 << 20),
        effort: effort(arguments.rounds, arguments.seconds)?,
    };
    let progress = indicatif::ProgressBar::new_spinner();
    let measured = measure_layers(&settings, |layer| {
        progress.set_message(layer.to_owned());
        progress.tick();
    })?;
    progress.finish_and_clear();
    let text = match arguments.format {
        Format::Table => measurement_table(&measured),
        Format::Json => json(&measured)?,
    };
    emit(&text, arguments.out.as_deref())
}

/// The named quantised layers, or all.
pub(super) fn layers<'a>(workload: &'a Workload, names: &[String]) -> Result<Vec<&'a Layer>> {
    if names.is_empty() {
        return Ok(workload.quantized_layers().collect());
    }
    parse_names(names, |name| workload.quantized_layer(name))
}

fn threads(threads: usize) -> Result<usize> {
    match threads {
        1..=1024 => Ok(threads),
        _ => Err(Problem::new(format!("--threads must be from 1 to 1024, got {threads}")).into()),
    }
}

pub(super) fn effort(rounds: usize, seconds: f64) -> Result<Effort> {
    if !(1..=1_000_000).contains(&rounds) || !(0.0..=3600.0).contains(&seconds) {
        return Err(Problem::new("--rounds must be 1 to 1000000 and --seconds 0 to 3600").into());
    }
    Ok(Effort { rounds, budget: Duration::from_secs_f64(seconds) })
}
