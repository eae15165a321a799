//! `signloop measure`.

use std::path::PathBuf;

use super::{
    common::{Format, emit, keep, thread_count},
    kernels::KernelSelection,
};
use crate::{Result, kernel::Isa, measure::measurement_table, report::json};

/// What is measured where no kernel is named.
const KERNELS: [&str; 4] = ["row-pattern", "zero-skip", "gemm-fp32", "dense-int8"];

/// Arguments of `signloop measure`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: KernelSelection,
    /// Threads of a run; with 1 the thread is pinned, with more one thread is timed beside.
    #[arg(long, default_value_t = 1, value_parser = thread_count())]
    threads: usize,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Measures and prints.
pub(super) fn run(arguments: &Args) -> Result<()> {
    keep(arguments.out.as_deref(), arguments.selection.files())?;
    let measured = arguments.selection.measure(&KERNELS, Isa::detect()?, arguments.threads)?;
    let text = match arguments.format {
        Format::Table => measurement_table(&measured),
        Format::Json => json(&measured)?,
    };
    emit(&text, arguments.out.as_deref())
}
