//! What commands share: finding files by path or shipped name, and writing the result.

use std::{io::Write as _, path::Path};

use clap::ValueEnum;

use crate::{
    Error, Result,
    diagnostics::{Problem, Problems},
    method::SEARCH_ITERATIONS_PER_SECOND,
    quant::Scheme,
    report::write_atomically,
    workload::{self, WeightSource, Workload},
};

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

/// A workload file, or the shipped workload of that name.
pub(super) fn load_workload(path: &Path) -> Result<Workload> {
    let (document, folder) = workload::open(path)?;
    workload::from_document(&document, &folder)
}

/// The weights to use: those given, or the workload's own.
pub(super) fn weights_of(workload: &Workload, given: Option<&Path>) -> Result<WeightSource> {
    given.map_or_else(|| Ok(workload.weights.clone()), WeightSource::from_file)
}

/// Parses a list of names; every unknown one is a problem.
pub(super) fn parse_names<T>(
    names: &[String],
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>> {
    let mut problems = Problems::new();
    let mut parsed = Vec::new();
    for name in names {
        match parse(name) {
            Ok(value) => parsed.push(value),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(problems.into_result(parsed)?)
}

/// The schemes named, or those of the source when none is.
pub(super) fn schemes_of(names: &[String], source: &WeightSource) -> Result<Vec<Scheme>> {
    if names.is_empty() {
        return Ok(source.default_schemes());
    }
    let mut schemes = parse_names(names, str::parse)?;
    schemes.sort_unstable();
    schemes.dedup();
    Ok(schemes)
}

/// Iterations of local search for an effort in seconds.
pub(super) fn iterations_of(seconds: f64) -> Result<u64> {
    if !(0.0..=86_400.0).contains(&seconds) {
        let message = format!("--effort must be from 0 to 86400 seconds, got {seconds}");
        return Err(Problem::new(message).into());
    }
    Ok((seconds * SEARCH_ITERATIONS_PER_SECOND).round() as u64)
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
