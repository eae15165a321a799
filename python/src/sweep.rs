//! Sweeps, their shards, and what joins them.

use std::path::{Path, PathBuf};

use pyo3::{prelude::*, types::PyBytes};
use signloop::study::{
    selection::plan_cache,
    sweep as library,
    sweep::{Event, Journal, Shard, Spec, Sweep},
};

use crate::{
    errors::{OrRaise, caught, raised},
    watch::{Counts, go_on, loaded, watched},
};

fn opened(py: Python<'_>, file: &Path, shard: &str) -> PyResult<(Sweep, Shard)> {
    let shard = shard
        .parse::<Shard>()
        .map_err(|why| raised(signloop::base::diagnostics::Problem::new(why)))?;
    let sweep = py.detach(|| Sweep::open(Spec::load(file)?)).or_raise()?;
    let sweep = sweep.with_cache(plan_cache(true).or_raise()?);
    Ok((sweep, shard))
}

/// Runs one shard into a file, going on where an earlier run stopped; returns the points and how
/// many of them an earlier run wrote.
#[pyfunction]
pub(crate) fn sweep(
    py: Python<'_>,
    file: PathBuf,
    out: PathBuf,
    shard: &str,
    restart: bool,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<(u64, u64)> {
    caught(|| {
        let _command = signloop::base::files::Command::begin();
        let (sweep, shard) = opened(py, &file, shard)?;
        if restart {
            Journal::discard(&out).or_raise()?;
        }
        let counts = Counts::default();
        let outcome = watched(
            py,
            |stop| {
                library::run(&sweep, shard, &out, &|event| {
                    match event {
                        Event::Begun { done: before, all: points } => {
                            counts.add(before);
                            counts.expect(points);
                        }
                        Event::Written(points) => counts.add(points),
                        Event::Planned(_) => {}
                    }
                    go_on(stop)
                })
            },
            counts.teller(progress),
        )?;
        Ok((outcome.points, outcome.resumed))
    })
}

/// The rows of one shard as CSV.
#[pyfunction]
pub(crate) fn sweep_rows<'py>(
    py: Python<'py>,
    file: PathBuf,
    shard: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    caught(|| {
        let (sweep, shard) = opened(py, &file, shard)?;
        let rows = watched(
            py,
            |stop| {
                let mut rows = Vec::new();
                library::stream(&sweep, shard, &mut rows, &|_| go_on(stop))?;
                Ok(rows)
            },
            |_| Ok(()),
        )?;
        Ok(PyBytes::new(py, &rows))
    })
}

/// Joins all shards of a sweep; returns the manifest.
#[pyfunction]
pub(crate) fn merge<'py>(
    py: Python<'py>,
    shards: Vec<PathBuf>,
    out: PathBuf,
) -> PyResult<Bound<'py, PyAny>> {
    caught(|| {
        let manifest = py.detach(|| library::merge(&shards, &out)).or_raise()?;
        loaded(py, &manifest)
    })
}
