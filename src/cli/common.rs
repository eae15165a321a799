//! What commands share: finding files by path or shipped name, and writing the result.

use std::{io::Write as _, path::Path};

use clap::ValueEnum;

pub(super) use crate::selection::{
    iterations_of, load_workload, parse_names, schemes_of, weights_of,
};
use crate::{Error, Result, model::sparse::Rules, report::write_atomically};

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
