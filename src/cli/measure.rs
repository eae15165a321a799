//! `signloop measure`.

use signloop_kernel::detect_isa;
use std::path::PathBuf;

use super::{
    common::{Format, emit, keep, thread_count},
    kernels::KernelSelection,
};
use crate::{
    report::json,
    study::measure::{DENSE_AMX, DENSE_INT8, GEMM, measurement_table},
};
use signloop_base::Result;
use signloop_kernel::{DenseInt8, Isa};

/// What is measured where no kernel is named.
fn kernels(isa: Isa) -> Vec<&'static str> {
    let mut kernels = vec!["row-pattern", "zero-skip", GEMM, DENSE_INT8];
    // A lowered instruction set is a machine without AMX.
    if isa == Isa::Avx512 && DenseInt8::amx_available() {
        kernels.push(DENSE_AMX);
    }
    kernels
}

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
    let isa = detect_isa()?;
    let measured = arguments.selection.measure(&kernels(isa), isa, arguments.threads)?;
    let text = match arguments.format {
        Format::Table => measurement_table(&measured),
        Format::Json => json(&measured)?,
    };
    emit(&text, arguments.out.as_deref())
}
