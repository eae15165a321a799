//! `signloop import timeloop`.

use std::{io::Write as _, path::PathBuf};

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
    let imported = timeloop::import(&arguments.files)?;
    let _ = write!(anstream::stderr(), "{}", imported.ignored_text());
    emit(&imported.to_toml(), arguments.out.as_deref())
}
