//! The layers of a network beside random ones.

use std::path::Path;

use super::{
    super::{
        common::{Format, emit, iterations_of, load_workload, parse_names, schemes_of, weights_of},
        progress::Progress,
    },
    arguments::{Args, Random},
};
use crate::{
    report::json,
    study::trained::{Against, Comparison, against_random, trained_table},
};
use signloop_base::Result;
use signloop_method::{Method, PlanOptions, find};

/// Counts every quantised layer and prints.
pub(super) fn run(arguments: &Args, workload: &Path) -> Result<()> {
    let workload = load_workload(workload)?;
    let weights = weights_of(&workload, arguments.weights.as_deref())?;
    let schemes = schemes_of(&arguments.scheme, &weights)?;
    let methods: Vec<&'static dyn Method> = parse_names(&arguments.method, find)?;
    let search_iterations = iterations_of(arguments.effort)?;
    let options = PlanOptions { search_iterations, ..PlanOptions::default() };
    let against = match arguments.against {
        Random::Iid => Against::Iid,
        Random::Shuffled => Against::Shuffled,
    };
    let comparison = Comparison {
        workload: &workload,
        weights: &weights,
        schemes: &schemes,
        methods: &methods,
        options: &options,
        against,
        draws: arguments.seeds.unwrap_or(1),
    };
    let progress = Progress::new();
    let layers = workload.quantized_layers().count();
    progress.expect((layers * schemes.len() * methods.len()) as u64);
    let rows = against_random(&comparison, &|| progress.note())?;
    progress.done();
    let text = match arguments.format {
        Format::Json => json(&rows)?,
        Format::Table => trained_table(&rows, against),
    };
    emit(&text, None)
}
