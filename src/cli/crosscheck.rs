//! `signloop crosscheck`.

use signloop_kernel::{available_isa, detect_isa};
use std::{path::PathBuf, process::ExitCode};

use super::{
    common::{Format, emit, keep},
    kernels::KernelSelection,
};
use crate::{
    report::json,
    study::measure::{
        Comparison, cache_bytes, compare, comparison_table, count_rows, count_table, counts_within,
        within_bands,
    },
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_machine as arch;

/// What is measured where no kernel is named.
const KERNELS: [&str; 1] = ["row-pattern"];

/// Arguments of `signloop crosscheck`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// This machine, as `signloop calibrate` wrote it.
    #[arg(long)]
    arch: PathBuf,
    #[command(flatten)]
    selection: KernelSelection,
    /// Count reads and writes of the AVX2 kernels with valgrind's cachegrind instead of timing.
    #[arg(long, conflicts_with_all = ["iid", "format", "out"])]
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
    let read = arguments.selection.files().chain([arguments.arch.as_path()]);
    keep(arguments.out.as_deref(), read)?;
    if arguments.cachegrind {
        return counts(&arguments.selection);
    }
    if machine.kernel.is_none() {
        return Err(Problem::new(format!("`{}` has no kernel rates", machine.name))
            .hint("`signloop calibrate --out arch/this-machine.toml` measures this machine")
            .into());
    }
    let measured = arguments.selection.measure(&KERNELS, detect_isa()?, 1)?;
    let cache = cache_bytes(2).unwrap_or(1 << 20);
    let rows = compare(&machine, &measured, cache)
        .ok_or_else(|| signloop_base::Error::Internal("kernel rates were checked".into()))?;
    let within = within_bands(&rows);
    let text = match arguments.format {
        Format::Table => comparison_table(&machine, &rows),
        Format::Json => json(&Comparison::new(&machine, rows))?,
    };
    emit(&text, arguments.out.as_deref())?;
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Counts of the kernels against cachegrind's. Exit code 1 outside the band.
fn counts(selection: &KernelSelection) -> Result<ExitCode> {
    let measured = selection.measure(&KERNELS, available_isa("avx2")?, 1)?;
    let rows = count_rows(&measured, &selection.source())?;
    emit(&count_table(&rows), None)?;
    Ok(if counts_within(&rows) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
