//! Accuracy and effectual parameters of training runs, from the folders that `train` writes.

use std::path::Path;

use super::Input;
use signloop_base::{
    Result,
    diagnostics::{Problem, Problems},
};
use signloop_network::quant::PackedWeights;
use signloop_plot::{DataPoint, Marks, PointSeries};
use signloop_train::{CHECKPOINT, WEIGHTS, checkpoint::Checkpoint};

/// The files that a figure needs of a run's folder.
pub const RUN_FILES: [&str; 2] = [CHECKPOINT, WEIGHTS];

/// A run: what it is of, and what came out.
struct Run {
    scheme: String,
    /// Network and recipe without the seed: runs that agree in it are seeds of one setting.
    setting: String,
    network: String,
    dataset: String,
    effectual: f64,
    top1_percent: f64,
}

/// Whether the inputs are files of runs' folders.
pub(super) fn are_runs(inputs: &[Input]) -> bool {
    let named = |path: &Path| path.file_name().is_some_and(|name| name == CHECKPOINT);
    inputs.iter().any(|input| named(&input.path))
}

/// One series a scheme, one point a setting: means over seeds, and their span.
///
/// # Errors
/// A run is not whole, or the runs are of different data sets.
pub(super) fn series(inputs: &[Input]) -> Result<(Vec<PointSeries>, String)> {
    let mut problems = Problems::new();
    let mut runs: Vec<Run> = Vec::new();
    for input in inputs {
        let name = input.path.file_name().unwrap_or_default();
        if name == CHECKPOINT {
            match read(input, inputs) {
                Ok(run) => runs.push(run),
                Err(signloop_base::Error::Input(own)) => problems.extend(own),
                Err(other) => return Err(other),
            }
        } else if name != WEIGHTS {
            let problem = Problem::new("expected only folders of `signloop train`");
            problems.push(problem.in_file(&input.name()));
        }
    }
    if let Some((first, other)) = runs
        .first()
        .and_then(|first| Some((first, runs.iter().find(|own| own.dataset != first.dataset)?)))
    {
        problems.push(
            Problem::new(format!(
                "the runs are of different data sets: `{}` and `{}`",
                first.dataset, other.dataset
            ))
            .hint("accuracies on different images are no comparison: draw one figure for each"),
        );
    }
    let runs = problems.into_result(runs)?;
    let dataset = runs.first().map_or_else(String::new, |run| run.dataset.clone());
    let mut series: Vec<PointSeries> = Vec::new();
    let mut settings: Vec<&str> = Vec::new();
    for run in &runs {
        if settings.contains(&run.setting.as_str()) {
            continue;
        }
        settings.push(&run.setting);
        let seeds: Vec<&Run> = runs.iter().filter(|own| own.setting == run.setting).collect();
        let mean = |value: fn(&Run) -> f64| {
            seeds.iter().map(|own| value(own)).sum::<f64>() / seeds.len() as f64
        };
        let values = || seeds.iter().map(|own| own.top1_percent);
        let (low, high) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let point = DataPoint {
            x: mean(|own| own.effectual),
            y: mean(|own| own.top1_percent),
            spread: (low < high).then_some((low, high)),
            label: run.network.clone(),
        };
        match series.iter_mut().find(|own| own.name == run.scheme) {
            Some(own) => own.points.push(point),
            None => series.push(PointSeries {
                name: run.scheme.clone(),
                points: vec![point],
                marks: Marks::Markers,
            }),
        }
    }
    Ok((series, format!("{} runs on {dataset}", runs.len())))
}

fn read(input: &Input, inputs: &[Input]) -> Result<Run> {
    let folder = input.path.parent();
    let header = Checkpoint::open(&input.path)?.header;
    let weights = inputs.iter().find(|own| {
        own.path.parent() == folder && own.path.file_name().is_some_and(|name| name == WEIGHTS)
    });
    let weights = weights.ok_or_else(|| {
        Problem::new(format!("the run has no `{WEIGHTS}`"))
            .in_file(&input.name())
            .hint("`signloop train` writes it when the last epoch is done; fp32 runs have none")
    })?;
    let packed = PackedWeights::parse(&weights.name(), &weights.bytes)?;
    let effectual: u64 = packed.iter().map(|(_, tensor)| tensor.effectual()).sum();
    let last = header
        .log
        .last()
        .ok_or_else(|| Problem::new("the run has not finished an epoch").in_file(&input.name()))?;
    let recipe: Vec<String> = header
        .recipe
        .iter()
        .filter(|(key, _)| *key != "seed")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Ok(Run {
        scheme: packed.scheme.to_string(),
        setting: format!("{} {} {}", header.network, header.dataset, recipe.join(" ")),
        network: header.network,
        dataset: header.dataset,
        effectual: effectual as f64,
        top1_percent: 100.0 * last.test_accuracy,
    })
}
