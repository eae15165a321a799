//! `signloop crosscheck`.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use super::{
    common::{Format, emit, load_workload, parse_names, schemes_of, weights_of},
    measure::{effort, layers},
};
use crate::{
    Result, arch,
    diagnostics::Problem,
    kernel::Isa,
    measure::{
        Comparison, Measurement, Settings, cache_bytes, compare, comparison_table, count,
        measure_layers, within_bands,
    },
    report::json,
};

/// Arguments of `signloop crosscheck`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// This machine, as `signloop calibrate` wrote it.
    #[arg(long)]
    arch: PathBuf,
    /// Network: a TOML file or a shipped name.
    #[arg(long)]
    workload: PathBuf,
    /// Layers, comma-separated; all quantised ones by default.
    #[arg(long, value_delimiter = ',')]
    layer: Vec<String>,
    /// Schemes, comma-separated; those of the weights by default.
    #[arg(long, value_delimiter = ',')]
    scheme: Vec<String>,
    /// Methods that are compiled, comma-separated.
    #[arg(long, value_delimiter = ',', default_value = "row-pattern")]
    kernel: Vec<String>,
    /// Activation types, comma-separated: `fp32`, `u1` to `u8`.
    #[arg(long, value_delimiter = ',', default_value = "fp32,u8")]
    activations: Vec<String>,
    /// Weights instead of the workload's own.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Seed of synthetic weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds at most, for each layer.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Seconds at most, for each layer.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Count reads and writes of the AVX2 kernels with valgrind's cachegrind instead of timing.
    #[arg(long, conflicts_with_all = ["format", "out"])]
    cachegrind: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Measures, compares, prints the verdict. Exit code 1 outside the bands.
pub(super) fn run(arguments: &Args) -> Result<ExitCode> {
    let machine = arch::load(&arguments.arch)?;
    let workload = load_workload(&arguments.workload)?;
    let weights = weights_of(&workload, arguments.weights.as_deref())?;
    let cache = cache_bytes(2).unwrap_or(1 << 20);
    let isa = if arguments.cachegrind { Isa::named("avx2")? } else { Isa::detect()? };
    let settings = Settings {
        layers: layers(&workload, &arguments.layer)?,
        weights: &weights,
        seed: arguments.seed,
        schemes: schemes_of(&arguments.scheme, &weights)?,
        methods: arguments.kernel.clone(),
        activations: parse_names(&arguments.activations, str::parse)?,
        isa,
        threads: 1,
        cache_bytes: cache,
        effort: effort(if arguments.cachegrind { 1 } else { arguments.rounds }, arguments.seconds)?,
    };
    if machine.kernel.is_none() && !arguments.cachegrind {
        return Err(Problem::new(format!("`{}` has no kernel rates", machine.name))
            .hint("`signloop calibrate --out arch/this-machine.toml` measures this machine")
            .into());
    }
    let progress = indicatif::ProgressBar::new_spinner();
    let measured = measure_layers(&settings, |layer| {
        progress.set_message(layer.to_owned());
        progress.tick();
    })?;
    progress.finish_and_clear();
    if arguments.cachegrind {
        return counts(arguments, &measured);
    }
    let rows = compare(&machine, &measured, cache)
        .ok_or_else(|| crate::Error::Internal("kernel rates were checked".into()))?;
    let within = within_bands(&rows);
    let text = match arguments.format {
        Format::Table => comparison_table(&machine, &rows),
        Format::Json => json(&Comparison::new(&machine, rows))?,
    };
    emit(&text, arguments.out.as_deref())?;
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Tolerated difference of counts.
const COUNT_BAND: f64 = 0.03;

/// Counts of the kernels against cachegrind.
fn counts(arguments: &Args, measured: &Measurement) -> Result<ExitCode> {
    let mut text =
        String::from("layer scheme kernel act: counted reads, writes; cachegrind's; differences\n");
    let mut within = true;
    let workload = arguments.workload.display().to_string();
    let seed = arguments.seed.to_string();
    for row in &measured.layers {
        let Some(steps) = row.steps else { continue };
        let activations = crate::measure::activation_name(row.activations);
        let scheme = row.scheme.to_string();
        let mut command = vec![
            "--workload",
            &workload,
            "--layer",
            &row.layer,
            "--scheme",
            &scheme,
            "--kernel",
            &row.method,
            "--activations",
            &activations,
            "--seed",
            &seed,
        ];
        let weights = arguments.weights.as_ref().map(|path| path.display().to_string());
        if let Some(weights) = &weights {
            command.extend(["--weights", weights]);
        }
        let counted = count(&command)?;
        let Some((reads, writes)) = row.memory_accesses else { continue };
        let blocks = row.blocks as f64;
        let (reads, writes) = (reads as f64, writes as f64);
        let (off_reads, off_writes) = (reads / counted.reads - 1.0, writes / counted.writes - 1.0);
        within &= off_reads.abs() <= COUNT_BAND;
        let _ = writeln!(
            text,
            "{} {scheme} {} {activations}: {reads:.0}, {writes:.0}; {:.0}, {:.0} ({:.0} instructions, {:.0} adds); {:+.1} %, {:+.1} %",
            row.layer,
            row.method,
            counted.reads,
            counted.writes,
            counted.instructions,
            blocks * steps.adds as f64,
            off_reads * 100.0,
            off_writes * 100.0
        );
    }
    let verdict = if within { "within" } else { "outside" };
    let _ = writeln!(text, "reads are {verdict} {:.0} % of cachegrind's", COUNT_BAND * 100.0);
    emit(&text, None)?;
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
