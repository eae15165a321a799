//! `signloop cache`.

use std::path::Path;

use serde::Serialize;

use super::common::{Format, emit};
use crate::report::json;
use signloop_base::{Error, Result, diagnostics::Problem};
use signloop_method::cache::PlanCache;

/// Arguments of `signloop cache`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Remove every kept plan.
    #[arg(long)]
    clear: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Serialize)]
struct State<'a> {
    folder: &'a Path,
    entries: u64,
    bytes: u64,
    limit_bytes: u64,
    removed_entries: u64,
    removed_bytes: u64,
}

/// Prints what is kept, after clearing it if asked to.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let Some(cache) = PlanCache::of_user()? else {
        return Err(Problem::new("there is no plan cache")
            .hint("SIGNLOOP_CACHE_DIR names its folder; SIGNLOOP_CACHE_MIB=0 turns it off")
            .into());
    };
    let folder = cache.folder();
    let removed = if arguments.clear {
        folder.clear().map_err(|error| Error::io("clear", folder.path(), error))?
    } else {
        Default::default()
    };
    let contents = folder.contents();
    let state = State {
        folder: folder.path(),
        entries: contents.entries,
        bytes: contents.bytes,
        limit_bytes: folder.limit_bytes(),
        removed_entries: removed.entries,
        removed_bytes: removed.bytes,
    };
    let text = match arguments.format {
        Format::Json => json(&state)?,
        Format::Table => table(&state),
    };
    emit(&text, None)
}

fn table(state: &State<'_>) -> String {
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut text = format!(
        "{}: {} plans, {:.1} MiB of at most {:.0} MiB\n",
        state.folder.display(),
        state.entries,
        mebibytes(state.bytes),
        mebibytes(state.limit_bytes)
    );
    if state.removed_entries > 0 {
        text += &format!(
            "removed {} plans, {:.1} MiB\n",
            state.removed_entries,
            mebibytes(state.removed_bytes)
        );
    }
    text
}
