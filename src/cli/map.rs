//! `signloop map`.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;

use super::{
    common::{
        Compat, ReportFormat, emit, keep, load_workload, no_threads, not_stdout, rules_of,
        schemes_of, thread_count, weights_of,
    },
    progress::search_bar,
};
use crate::{
    report::{
        Provenance, json,
        map::{self, MapReport},
    },
    study::map::{
        MapLayer, MapRequest, Objective, layers_of, map as search_mappings, mapping_file,
    },
};
use signloop_accelerator::{
    mapper::{Design, parse_constraints},
    problem,
    sparse::Rules,
};
use signloop_base::{
    Result, config::Document, diagnostics::Problem as Note, files::write_together,
};

/// Arguments of `signloop map`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Accelerator: a TOML file or a shipped name.
    #[arg(long)]
    arch: PathBuf,
    /// Network: a TOML file or a shipped name.
    #[arg(long, required_unless_present = "problem")]
    workload: Option<PathBuf>,
    /// A file with a table `[problem]` instead of a network.
    #[arg(long, conflicts_with = "workload")]
    problem: Option<PathBuf>,
    /// Schemes, comma-separated; those of the weights by default.
    #[arg(long, value_delimiter = ',')]
    scheme: Vec<String>,
    /// Weights instead of the workload's own (packed, .safetensors, .npz, .npy).
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Layers, comma-separated; all quantised ones by default.
    #[arg(long, value_delimiter = ',')]
    layer: Vec<String>,
    /// Where the nonzero weights lie.
    #[arg(long, value_enum, default_value_t = Where::Actual)]
    density: Where,
    /// Share of nonzero activations, uniformly random.
    #[arg(long, default_value_t = 1.0)]
    input_density: f64,
    /// Constraints of the dataflow instead of the accelerator's own: a file with `[[constraint]]`
    /// tables (an empty one sets everything free).
    #[arg(long)]
    constraints: Option<PathBuf>,
    /// Mappings to score at most, by layer. Equal seed and number give equal results.
    #[arg(long, default_value_t = 20_000)]
    evaluations: u64,
    /// Seconds for the whole search; a search that they end depends on the machine's speed.
    #[arg(long)]
    time_s: Option<f64>,
    /// Seed of the search and of synthetic weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; all cores by default. The result does not depend on it.
    #[arg(long, value_parser = thread_count())]
    threads: Option<usize>,
    /// What a layer's chosen mapping is best in.
    #[arg(long, value_enum, default_value_t = Aim::Edp)]
    objective: Aim,
    /// Reproduce Timeloop's rounding and quirks.
    #[arg(long, value_enum)]
    compat: Option<Compat>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Folder for the chosen mapping of every layer as TOML.
    #[arg(long, value_name = "FOLDER")]
    mappings: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Where {
    /// Counted from the weights.
    Actual,
    /// Uniformly random with each layer's share.
    Uniform,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Aim {
    /// Energy times cycles.
    Edp,
    /// Energy.
    Energy,
    /// Cycles.
    Cycles,
}

/// Searches and prints.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let given =
        [&arguments.workload, &arguments.problem, &arguments.weights, &arguments.constraints];
    let read = given.into_iter().flatten().chain([&arguments.arch]);
    keep(arguments.out.as_deref(), read.map(PathBuf::as_path))?;
    if let Some(folder) = &arguments.mappings {
        not_stdout(folder, "a folder of mappings")?;
    }
    let mut design = Design::open(&arguments.arch)?;
    if let Some(path) = &arguments.constraints {
        design.constraints = parse_constraints(&Document::read(path)?)?;
    }
    let rules = rules_of(arguments.compat);
    let (workload, layers, weights) = layers(arguments, rules)?;
    keep(arguments.out.as_deref(), [])?;
    let request = MapRequest {
        accelerator: &design.accelerator,
        constraints: &design.constraints,
        workload: &workload,
        layers: &layers,
        weights: &weights,
        rules,
        evaluations: arguments.evaluations.max(1),
        seed: arguments.seed,
        time: time(arguments.time_s)?,
        objective: match arguments.objective {
            Aim::Edp => Objective::Edp,
            Aim::Energy => Objective::Energy,
            Aim::Cycles => Objective::Cycles,
        },
    };
    let bar = search_bar();
    bar.set_length(request.evaluations.saturating_mul(layers.len() as u64));
    let search = || search_mappings(&request, &|scored| bar.inc(scored));
    let report = match arguments.threads {
        None => search(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| no_threads(&error, "--threads"))?
            .install(search),
    };
    bar.finish_and_clear();
    let report = report?;
    if let Some(folder) = &arguments.mappings {
        let mappings: Vec<(PathBuf, Vec<u8>)> = report
            .layers
            .iter()
            .map(|layer| {
                let name = mapping_file(&layer.layer, &layer.scheme);
                (folder.join(name), layer.solved().mapping.clone().into_bytes())
            })
            .collect();
        write_together(Some(folder), &mappings)?;
    }
    emit(&report_text(&report, arguments.format)?, arguments.out.as_deref())
}

/// The report of a network on an accelerator, as text.
pub(super) fn report_text(report: &MapReport, format: ReportFormat) -> Result<String> {
    Ok(match format {
        ReportFormat::Table => map::table(report),
        ReportFormat::Csv => map::csv(report),
        ReportFormat::Json => json(report)?,
    })
}

/// Name, layers and provenance of what is mapped.
fn layers(arguments: &Args, rules: Rules) -> Result<(String, Vec<MapLayer>, Vec<Provenance>)> {
    let inputs = arguments.input_density;
    if !(0.0..=1.0).contains(&inputs) {
        return Err(Note::new(format!("the input density {inputs} is not between 0 and 1")).into());
    }
    if let Some(path) = &arguments.problem {
        let problem = problem::parse(&Document::read(path)?)?;
        let layer = MapLayer {
            name: problem.name.clone(),
            scheme: String::new(),
            densities: Vec::new(),
            density: 1.0,
            problem,
        };
        return Ok((layer.name.clone(), vec![layer], Vec::new()));
    }
    let Some(path) = &arguments.workload else {
        return Err(Note::new("nothing to map").hint("give --workload or --problem").into());
    };
    let workload = load_workload(path)?;
    let source = weights_of(&workload, arguments.weights.as_deref())?;
    let schemes = schemes_of(&arguments.scheme, &source)?;
    let actual = arguments.density == Where::Actual;
    let (layers, weights) = layers_of(
        &workload,
        (&source, &schemes, arguments.seed),
        (&arguments.layer, actual, inputs),
        rules,
    )?;
    Ok((workload.name, layers, weights))
}

fn time(seconds: Option<f64>) -> Result<Option<Duration>> {
    let Some(seconds) = seconds else { return Ok(None) };
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(Some(time)),
        _ => Err(Note::new(format!("`--time-s {seconds}` is no time to search")).into()),
    }
}
