//! What commands share: finding files by path or shipped name, and writing the result.

use std::{io::Write as _, path::Path};

use clap::ValueEnum;

pub(super) use crate::study::selection::{
    iterations_of, load_workload, parse_names, schemes_of, weights_of,
};
use signloop_accelerator::sparse::Rules;
use signloop_base::{
    Error, Result,
    diagnostics::Problem,
    files::{self, write_atomically},
    text::harmless,
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

/// Most threads that are started.
const MOST_THREADS: u64 = 1024;

/// Threads that a user may ask for.
pub(super) fn thread_count() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=MOST_THREADS)
}

/// The problem of threads that the system does not start.
pub(super) fn no_threads(error: &rayon::ThreadPoolBuildError, setting: &str) -> Error {
    Problem::new(format!("threads cannot be started: {error}"))
        .hint(format!("ask for fewer with `{setting}`"))
        .into()
}

/// Starts the threads that commands share. Left to itself the library does it at the first use, and
/// panics where it fails.
pub(super) fn start_threads() -> Result<()> {
    const SETTING: &str = "RAYON_NUM_THREADS";
    if let Some(value) = std::env::var_os(SETTING)
        && let Some(threads) = value.to_str().and_then(|value| value.trim().parse::<u64>().ok())
        && threads > MOST_THREADS
    {
        let message = format!("`{SETTING}` asks for {threads} threads");
        let hint = format!("at most {MOST_THREADS} are started");
        return Err(Problem::new(message).hint(hint).into());
    }
    rayon::ThreadPoolBuilder::new()
        .build_global()
        .map_err(|error| no_threads(&error, &format!("{SETTING}=1")))
}

/// A number of bytes with a unit, as `4GiB`, `512MiB` or `1000000`.
pub(super) fn memory_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return Err("expected a number and `KiB`, `MiB` or `GiB`, as `4GiB`".to_owned()),
    };
    let number = digits.trim().parse::<u64>().ok().filter(|number| *number > 0);
    let bytes = number.and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| "expected a whole number above zero, as `4GiB`".to_owned())
}

/// Refuses early to write a result over a file that it is made from, or over another result. What
/// files name in turn is noted as it is read; every write asks again.
pub(super) fn keep<'a>(
    out: Option<&Path>,
    others: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let out = out.filter(|out| !is_stdout(out));
    for other in others {
        // A file that is not there yet is known by its name.
        apart(out.filter(|out| !out.exists()), Some(other))?;
        files::note(other);
    }
    // What is no file is refused by who writes, in words of its own.
    out.filter(|out| !out.is_dir()).map_or(Ok(()), files::may_write)
}

/// Refuses one file for two purposes.
pub(super) fn apart(one: Option<&Path>, other: Option<&Path>) -> Result<()> {
    let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
    // A file that is not there yet is known by its name.
    let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if place(one) == place(other) {
        let message = format!("`{}` would be written over: it is named twice", one.display());
        return Err(Problem::new(message).hint("name another file to write").into());
    }
    Ok(())
}

/// Writes a result, and tells of it on standard output, or on standard error where the result
/// itself goes to standard output.
pub(super) fn emit_and_tell(bytes: &[u8], out: &Path, told: &str) -> Result<()> {
    if !is_stdout(out) {
        write_atomically(out, bytes)?;
        return emit(told, None);
    }
    let _ = anstream::stderr().write_all(told.as_bytes());
    std::io::stdout()
        .lock()
        .write_all(bytes)
        .map_err(|error| Error::io("write", Path::new("standard output"), error))
}

/// Whether a file to write is named `-`: standard output, as without a name.
pub(super) fn is_stdout(out: &Path) -> bool {
    out == Path::new("-")
}

/// Refuses `-` where several files are written, or one that lies beside others.
pub(super) fn not_stdout(out: &Path, what: &str) -> Result<()> {
    if is_stdout(out) {
        return Err(Problem::new(format!("standard output cannot hold {what}"))
            .hint("name a file or folder to write")
            .into());
    }
    Ok(())
}

/// Writes to a file, whole or not at all, or to standard output (no name, or `-`): the same bytes.
pub(super) fn emit(text: &str, out: Option<&Path>) -> Result<()> {
    // Names from files stand in it, and a terminal may read it, of a file as well.
    let text = harmless(text.to_owned());
    match out.filter(|out| !is_stdout(out)) {
        Some(path) => write_atomically(path, text.as_bytes()),
        None => std::io::stdout()
            .lock()
            .write_all(text.as_bytes())
            .map_err(|error| Error::io("write", Path::new("standard output"), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::memory_size;

    #[test]
    fn sizes_have_units() {
        assert_eq!(memory_size("4GiB"), Ok(4 << 30));
        assert_eq!(memory_size("512MiB"), Ok(512 << 20));
        assert_eq!(memory_size("1000000"), Ok(1_000_000));
        for wrong in ["", "0", "GiB", "-1GiB", "4GB", "4 parsecs", "99999999999999TiB"] {
            assert!(memory_size(wrong).is_err(), "{wrong}");
        }
    }
}
