//! `signloop schema`.

use clap::ValueEnum;

use super::common::emit;
use crate::Result;

/// Arguments of `signloop schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose schema.
    #[arg(value_enum)]
    file: File,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    /// Hardware descriptions.
    Arch,
    /// Networks.
    Workload,
    /// Sweeps.
    Sweep,
    /// What `simulate --format json` prints.
    Report,
}

/// Prints the schema.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let text = match arguments.file {
        File::Arch => include_str!("../../docs/arch.schema.json"),
        File::Workload => include_str!("../../docs/workload.schema.json"),
        File::Sweep => include_str!("../../docs/sweep.schema.json"),
        File::Report => include_str!("../../docs/report.schema.json"),
    };
    emit(text, None)
}
