//! Reports and statistics.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use pyo3::prelude::*;
use signloop::{
    accelerator::{mapper::Design, sparse::Rules},
    base::diagnostics::Problem,
    machine as arch,
    machine::ArchKind,
    method::PlanOptions,
    network::{
        quant::Scheme,
        workload::{WeightSource, Workload},
    },
    study::{
        self, Request,
        map::{NetworkRequest, simulate_network},
        selection::{Selection, iterations_of, methods_of, plan_cache, schemes_of},
    },
};

use crate::{
    arrays::{Weights, source},
    errors::{OrRaise, caught, raised},
    network::NetworkLike,
    watch::{Counts, go_on, loaded, watched},
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
    evaluations: u64,
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
    caught(|| {
        let workload = workload.open()?;
        let weights = source(&workload, weights)?;
        let machine = arch::open(&arch).or_raise()?;
        if matches!(arch::kind(&machine), Ok(ArchKind::Accelerator)) {
            let design = Design::parse(&machine).or_raise()?;
            let schemes = schemes_of(&options.schemes, &weights).or_raise()?;
            return on_accelerator(
                py,
                &design,
                (&workload, &weights, &schemes),
                &options,
                progress,
            );
        }
        let selection = Selection {
            arch: arch::parse(&machine).or_raise()?,
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
        let counts = Counts::default();
        counts.expect(selection.request().results());
        let report = watched(
            py,
            |stop| {
                let note = || {
                    counts.add(1);
                    go_on(stop)
                };
                let request = Request { on_result: Some(&note), ..selection.request() };
                if options.verify {
                    study::simulate_verified(&request)
                } else {
                    study::simulate(&request)
                }
            },
            counts.teller(progress),
        )?;
        loaded(py, &report)
    })
}

/// The report of a network on an accelerator, every layer mapped by a short search.
fn on_accelerator<'py>(
    py: Python<'py>,
    design: &Design,
    (workload, weights, schemes): (&Workload, &WeightSource, &[Scheme]),
    options: &SimulateArgs,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if !options.methods.is_empty() || options.verify {
        let what = if options.verify { "verify" } else { "methods" };
        let problem = Problem::new(format!("`{what}` needs a processor"))
            .hint("an accelerator does what its description says; see its `saf` tables");
        return Err(raised(problem));
    }
    let request = NetworkRequest {
        design,
        workload,
        weights,
        schemes,
        rules: Rules::Exact,
        evaluations: options.evaluations.max(1),
        seed: options.seed,
    };
    let counts = Counts::default();
    let report = watched(
        py,
        |_| {
            let (total, scored) = (|all| counts.expect(all), |more| counts.add(more));
            simulate_network(&request, None, &total, &scored)
        },
        counts.teller(progress),
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
    caught(|| {
        let workload = workload.open()?;
        let weights = source(&workload, weights)?;
        let schemes = schemes_of(&schemes, &weights).or_raise()?;
        let tile = tile.map_or(signloop::network::quant::TILE, NonZeroUsize::get);
        let rows =
            watched(py, |_| study::stats(&workload, &weights, &schemes, tile, seed), |_| Ok(()))?;
        loaded(py, &rows)
    })
}
