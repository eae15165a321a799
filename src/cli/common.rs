//! What commands share: finding files by path or shipped name, and writing the result.

use std::{io::Write as _, path::Path};

use clap::ValueEnum;

pub(super) use crate::selection::{
    iterations_of, load_workload, parse_names, schemes_of, weights_of,
};
use crate::{Error, Result, diagnostics::Problem, model::sparse::Rules, report::write_atomically};

/// How a result without a flat form is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ReportFormat {
    Table,
    Json,
    Csv,
}

/// Whose numbers to reproduce.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Compat {
    /// Timeloop's roundings and quirks; see docs/timeloop-compat.md.
    Timeloop,
}

/// The rules of the model that reproduce them.
pub(super) fn rules_of(compat: Option<Compat>) -> Rules {
    match compat {
        Some(Compat::Timeloop) => Rules::Timeloop,
        None => Rules::Exact,
    }
}

/// Threads that a user may ask for.
pub(super) fn thread_count() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=1024)
}

/// Refuses to write a result over a file that it is made from, or over another result.
pub(super) fn keep<'a>(
    out: Option<&Path>,
    others: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    // A file that is not there yet is known by its name.
    let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let Some(out) = out.filter(|out| !out.exists() || out.is_file()) else { return Ok(()) };
    if others.into_iter().any(|other| place(other) == place(out)) {
        let message = format!("`{}` would be written over what is read or written", out.display());
        return Err(Problem::new(message).hint("name another file to write").into());
    }
    Ok(())
}

/// Writes to a file, whole or not at all, or to standard output.
pub(super) fn emit(text: &str, out: Option<&Path>) -> Result<()> {
    match out {
        Some(path) => write_atomically(path, text.as_bytes()),
        None => std::io::stdout()
            .lock()
            .write_all(text.as_bytes())
            .map_err(|error| Error::io("write", Path::new("standard output"), error)),
    }
}
