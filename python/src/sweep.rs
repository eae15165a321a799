//! Sweeps, their shards, and what joins them.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use pyo3::{prelude::*, types::PyBytes};
use signloop::{
    selection::plan_cache,
    sweep::{self as library, Event, Journal, Shard, Spec, Sweep},
};

use crate::{
    errors::{OrRaise, raised},
    watch::{go_on, loaded, watched},
};

fn opened(py: Python<'_>, file: &Path, shard: &str) -> PyResult<(Sweep, Shard)> {
    let shard =
        shard.parse::<Shard>().map_err(|why| raised(signloop::diagnostics::Problem::new(why)))?;
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
    let (sweep, shard) = opened(py, &file, shard)?;
    if restart {
        Journal::discard(&out).or_raise()?;
    }
    let (done, all) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut told = None;
    let outcome = watched(
        py,
        |stop| {
            library::run(&sweep, shard, &out, &|event| {
                match event {
                    Event::Begun { done: before, all: points } => {
                        done.store(before, Ordering::Relaxed);
                        all.store(points, Ordering::Relaxed);
                    }
                    Event::Written(points) => {
                        done.fetch_add(points, Ordering::Relaxed);
                    }
                    Event::Planned(_) => {}
                }
                go_on(stop)
            })
        },
        |_| {
            let now = (done.load(Ordering::Relaxed), all.load(Ordering::Relaxed));
            if let Some(progress) = progress.as_ref().filter(|_| told != Some(now)) {
                told = Some(now);
                progress.call1(now)?;
            }
            Ok(())
        },
    )?;
    Ok((outcome.points, outcome.resumed))
}

/// The rows of one shard as CSV.
#[pyfunction]
pub(crate) fn sweep_rows<'py>(
    py: Python<'py>,
    file: PathBuf,
    shard: &str,
) -> PyResult<Bound<'py, PyBytes>> {
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
}

/// Joins all shards of a sweep; returns the manifest.
#[pyfunction]
pub(crate) fn merge<'py>(
    py: Python<'py>,
    shards: Vec<PathBuf>,
    out: PathBuf,
) -> PyResult<Bound<'py, PyAny>> {
    let manifest = py.detach(|| library::merge(&shards, &out)).or_raise()?;
    loaded(py, &manifest)
}
