//! `signloop merge`.

use std::path::PathBuf;

use super::common::{emit, keep, not_stdout};
use crate::study::sweep;
use signloop_base::Result;

/// Arguments of `signloop merge`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The files that `signloop sweep --shard I/N --out FILE` wrote, all N of them.
    #[arg(required = true)]
    shards: Vec<PathBuf>,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
}

/// Checks that the shards make one sweep, and joins them.
pub(super) fn run(arguments: &Args) -> Result<()> {
    not_stdout(&arguments.out, "rows and their manifest")?;
    keep(Some(&arguments.out), arguments.shards.iter().map(PathBuf::as_path))?;
    let manifest = sweep::merge(&arguments.shards, &arguments.out)?;
    let points = manifest.all_points;
    let shards = arguments.shards.len();
    emit(&format!("{}: {points} points of {shards} shards\n", arguments.out.display()), None)
}
