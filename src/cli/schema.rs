//! `signloop schema`.

use clap::ValueEnum;

use super::common::emit;
use signloop_base::Result;

/// Arguments of `signloop schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose schema.
    #[arg(value_enum)]
    file: File,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    /// Descriptions of processors.
    Arch,
    /// Descriptions of accelerators, with or without problem, mapping and constraints.
    Accelerator,
    /// Problems, mappings and constraints in files of their own.
    Mapping,
    /// Networks.
    Workload,
    /// Sweeps.
    Sweep,
    /// What `simulate --format json` prints for a processor.
    Report,
    /// What it prints for a mapped problem on an accelerator.
    AcceleratorReport,
    /// What `map --format json` prints, and `simulate` for a network on an accelerator.
    MapReport,
}

/// Prints the schema.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let text = match arguments.file {
        File::Arch => include_str!("../../docs/arch.schema.json"),
        File::Accelerator => include_str!("../../docs/accelerator.schema.json"),
        File::Mapping => include_str!("../../docs/mapping.schema.json"),
        File::Workload => include_str!("../../docs/workload.schema.json"),
        File::Sweep => include_str!("../../docs/sweep.schema.json"),
        File::Report => include_str!("../../docs/report.schema.json"),
        File::AcceleratorReport => include_str!("../../docs/accelerator-report.schema.json"),
        File::MapReport => include_str!("../../docs/map-report.schema.json"),
    };
    emit(text, None)
}
