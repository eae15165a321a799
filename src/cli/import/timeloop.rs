//! `signloop import timeloop`.

use std::path::PathBuf;

use super::super::common::{emit, keep};
use signloop_accelerator::timeloop;
use signloop_base::Result;

/// Arguments of `signloop import timeloop`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The YAML files of one design, in any order.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Reads the files and writes this tool's.
pub(super) fn run(arguments: &Args) -> Result<()> {
    keep(arguments.out.as_deref(), arguments.files.iter().map(PathBuf::as_path))?;
    emit(&timeloop::import(&arguments.files)?.to_toml(), arguments.out.as_deref())
}
