//! `signloop import`.

use std::path::PathBuf;

use super::common::emit;
use crate::{Result, timeloop};

/// Arguments of `signloop import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    /// Timeloop v0.4 YAML: architecture, problem, ERT, and mapping and sparse optimisations if any.
    Timeloop {
        /// The YAML files of one design, in any order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// File to write instead of standard output.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

/// Reads another tool's files and writes this tool's.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let From::Timeloop { files, out } = &arguments.from;
    emit(&timeloop::import(files)?.to_toml(), out.as_deref())
}
