//! Reports and statistics.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use pyo3::prelude::*;
use signloop::{
    arch,
    method::PlanOptions,
    report::{self, Request},
    selection::{Selection, iterations_of, methods_of, plan_cache, schemes_of},
};

use crate::{
    arrays::{Weights, source},
    errors::OrRaise,
    network::NetworkLike,
    watch::{go_on, loaded, watched},
};

/// What to simulate beside machine, network and weights.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct SimulateArgs {
    schemes: Vec<String>,
    methods: Vec<String>,
    seed: u64,
    effort_s: f64,
    tile: Option<NonZeroU32>,
    filter_group: Option<NonZeroU32>,
    verify: bool,
    cache: bool,
}

/// The report of every layer under every scheme and method.
#[pyfunction]
pub(crate) fn simulate<'py>(
    py: Python<'py>,
    arch: PathBuf,
    workload: NetworkLike<'py>,
    weights: Option<Weights<'py>>,
    options: SimulateArgs,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let workload = workload.open()?;
    let weights = source(&workload, weights)?;
    let selection = Selection {
        arch: arch::load(&arch).or_raise()?,
        schemes: schemes_of(&options.schemes, &weights).or_raise()?,
        methods: methods_of(&options.methods).or_raise()?,
        options: PlanOptions {
            seed: options.seed,
            search_iterations: iterations_of(options.effort_s).or_raise()?,
            column_tile: options.tile,
            filter_group: options.filter_group,
        },
        cache: plan_cache(options.cache).or_raise()?,
        workload,
        weights,
    };
    let all = selection.request().results();
    let done = AtomicU64::new(0);
    let mut told = None;
    let report = watched(
        py,
        |stop| {
            let note = || {
                done.fetch_add(1, Ordering::Relaxed);
                go_on(stop)
            };
            let request = Request { on_result: Some(&note), ..selection.request() };
            if options.verify {
                report::simulate_verified(&request)
            } else {
                report::simulate(&request)
            }
        },
        |_| {
            let now = done.load(Ordering::Relaxed);
            if let Some(progress) = progress.as_ref().filter(|_| told != Some(now)) {
                told = Some(now);
                progress.call1((now, all))?;
            }
            Ok(())
        },
    )?;
    loaded(py, &report)
}

/// Statistics of every quantised layer.
#[pyfunction]
pub(crate) fn stats<'py>(
    py: Python<'py>,
    workload: NetworkLike<'py>,
    weights: Option<Weights<'py>>,
    schemes: Vec<String>,
    tile: Option<NonZeroUsize>,
    seed: u64,
) -> PyResult<Bound<'py, PyAny>> {
    let workload = workload.open()?;
    let weights = source(&workload, weights)?;
    let schemes = schemes_of(&schemes, &weights).or_raise()?;
    let tile = tile.map_or(signloop::quant::TILE, NonZeroUsize::get);
    let rows =
        watched(py, |_| report::stats(&workload, &weights, &schemes, tile, seed), |_| Ok(()))?;
    loaded(py, &rows)
}
