//! What to simulate: names and files to machines, networks, weights, schemes and methods. The
//! command line and the Python package both read theirs here.

use std::path::Path;

use crate::study::Request;
use signloop_base::{
    Result,
    diagnostics::{Problem, Problems},
};
use signloop_machine::CpuArch;
use signloop_method::{
    Method, PlanOptions, SEARCH_ITERATIONS_PER_SECOND, cache::PlanCache, find, registry,
};
use signloop_network::{
    quant::Scheme,
    workload::{self, WeightSource, Workload},
};

/// Longest effort, a day.
const MAX_EFFORT_S: f64 = 86_400.0;

/// What to simulate, read and checked.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field's type says what it is")]
pub struct Selection {
    pub arch: CpuArch,
    pub workload: Workload,
    pub weights: WeightSource,
    pub schemes: Vec<Scheme>,
    pub methods: Vec<&'static dyn Method>,
    pub options: PlanOptions,
    pub cache: Option<PlanCache>,
}

impl Selection {
    /// The request for the report.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            arch: &self.arch,
            workload: &self.workload,
            weights: &self.weights,
            schemes: &self.schemes,
            methods: &self.methods,
            options: &self.options,
            cache: self.cache.as_ref(),
            on_result: None,
        }
    }

    /// Kept plans that turned out damaged and were planned anew.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.cache.as_ref().map_or(0, PlanCache::damaged)
    }
}

/// The user's plan cache; none where it is not wanted.
///
/// # Errors
/// As [`PlanCache::of_user`].
pub fn plan_cache(wanted: bool) -> Result<Option<PlanCache>> {
    Ok(if wanted { PlanCache::of_user()? } else { None })
}

/// A workload file, or the shipped workload of that name.
///
/// # Errors
/// Every problem of the file, or no shipped workload has the name.
pub fn load_workload(path: &Path) -> Result<Workload> {
    let (document, folder) = workload::open(path)?;
    workload::from_document(&document, &folder)
}

/// The weights to use: those given, or the workload's own.
///
/// # Errors
/// The file cannot be read.
pub fn weights_of(workload: &Workload, given: Option<&Path>) -> Result<WeightSource> {
    let source = given.map_or_else(|| Ok(workload.weights.clone()), WeightSource::from_file)?;
    // Read much later, layer by layer; known as inputs from now on.
    source.files().for_each(signloop_base::files::note);
    Ok(source)
}

/// Parses a list of names; every unknown one is a problem.
///
/// # Errors
/// All unknown names.
pub fn parse_names<T>(
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

/// The schemes named, in table order, or those of the source when none is.
///
/// # Errors
/// All unknown names.
pub fn schemes_of(names: &[String], source: &WeightSource) -> Result<Vec<Scheme>> {
    if names.is_empty() {
        return Ok(source.default_schemes());
    }
    let mut schemes = parse_names(names, str::parse)?;
    schemes.sort_unstable();
    schemes.dedup();
    Ok(schemes)
}

/// The methods named, or all when none is.
///
/// # Errors
/// All unknown names.
pub fn methods_of(names: &[String]) -> Result<Vec<&'static dyn Method>> {
    if names.is_empty() { Ok(registry().to_vec()) } else { parse_names(names, find) }
}

/// Iterations of local search for an effort in seconds.
///
/// # Errors
/// The effort is negative, longer than a day, or not a number.
pub fn iterations_of(effort_s: f64) -> Result<u64> {
    if !(0.0..=MAX_EFFORT_S).contains(&effort_s) {
        let message =
            format!("the effort must be from 0 to {MAX_EFFORT_S} seconds, got {effort_s}");
        return Err(Problem::new(message).into());
    }
    Ok((effort_s * SEARCH_ITERATIONS_PER_SECOND).round() as u64)
}
