//! `signloop simulate`.

use std::{
    fmt::Write as _,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use super::{
    accelerate::{self, Answer, Machine, Task},
    common::{Compat, ReportFormat, emit, keep},
    map::report_text,
    progress::Progress,
    selection::{Selection, warn_of_damage},
};
use crate::{
    report::{self, json},
    study::{Counted, Request, cost_of, simulate, simulate_verified},
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_cpu::slots_a_line;
use signloop_method::PlanRequest;
use signloop_network::workload::WeightStore;

/// Arguments of `signloop simulate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Machine: a TOML file or a shipped name; for an accelerator also Timeloop's YAML files.
    #[arg(long, required = true, num_args = 1..)]
    arch: Vec<PathBuf>,
    /// Network: a TOML file or a shipped name; for an accelerator also a file with a problem, where
    /// it is not in the machine's file.
    #[arg(long)]
    workload: Option<PathBuf>,
    /// Mapping of a problem on an accelerator, where it is not in the other files; for a network the
    /// folder that `signloop map --mappings` wrote. Networks without one are mapped by a short search.
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Reproduce another tool's rounding (accelerators).
    #[arg(long, value_enum)]
    compat: Option<Compat>,
    #[command(flatten)]
    selection: Selection,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print formula, inputs and source of each number of one layer instead of the report.
    #[arg(long, value_name = "LAYER")]
    explain: Option<String>,
    /// Execute every program on random integers against the dense product.
    #[arg(long, conflicts_with = "explain")]
    verify: bool,
    /// Columns of a tile of sum-merge; the whole layer by default.
    #[arg(long)]
    tile: Option<NonZeroU32>,
    /// Filters that share a table of ucnn; the best number by default.
    #[arg(long)]
    filter_group: Option<NonZeroU32>,
}

/// Simulates and prints.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let given = [&arguments.workload, &arguments.mapping, &arguments.selection.weights];
    let read = arguments.arch.iter().chain(given.into_iter().flatten());
    keep(arguments.out.as_deref(), read.map(PathBuf::as_path))?;
    if let Some(machine) = accelerate::machine(&arguments.arch) {
        return run_accelerator(arguments, &machine);
    }
    let (arch, workload) = processor(arguments)?;
    let mut resolved = arguments.selection.resolve(arch, workload)?;
    keep(arguments.out.as_deref(), [])?;
    resolved.options.column_tile = arguments.tile;
    resolved.options.filter_group = arguments.filter_group;
    let progress = Progress::new();
    let note = || {
        progress.note();
        Ok(())
    };
    let request = Request { on_result: Some(&note), ..resolved.request() };
    progress.expect(request.results());
    let simulate = if arguments.verify { simulate_verified } else { simulate };
    let text = match (&arguments.explain, arguments.format) {
        (Some(layer), _) => explain(&request, layer)?,
        (None, ReportFormat::Table) => report::table(&simulate(&request)?),
        (None, ReportFormat::Csv) => report::csv(&simulate(&request)?),
        (None, ReportFormat::Json) => json(&simulate(&request)?)?,
    };
    progress.done();
    warn_of_damage(resolved.damaged());
    emit(&text, arguments.out.as_deref())
}

/// A processor takes one file and a network, and has no mapping of its own.
fn processor(arguments: &Args) -> Result<(&Path, &Path)> {
    let [arch] = arguments.arch.as_slice() else {
        return Err(Problem::new("`--arch` names several files, none of them YAML")
            .hint("a machine is one TOML file; only a Timeloop design may be several")
            .into());
    };
    for (given, option) in
        [(arguments.mapping.is_some(), "--mapping"), (arguments.compat.is_some(), "--compat")]
    {
        if given {
            return Err(Problem::new(format!("`{option}` needs an accelerator"))
                .hint(format!("`{}` is a processor", arch.display()))
                .into());
        }
    }
    match &arguments.workload {
        Some(workload) => Ok((arch, workload)),
        None => Err(Problem::new("a processor needs a network: give `--workload`")
            .hint("`signloop list` prints the shipped ones")
            .into()),
    }
}

fn run_accelerator(arguments: &Args, machine: &Machine) -> Result<()> {
    for (given, option) in [
        (arguments.explain.is_some(), "--explain"),
        (arguments.verify, "--verify"),
        (arguments.tile.is_some(), "--tile"),
        (arguments.filter_group.is_some(), "--filter-group"),
    ] {
        if given {
            return Err(Problem::new(format!("`{option}` needs a processor")).into());
        }
    }
    if !arguments.selection.method.is_empty() {
        return Err(Problem::new("`--method` needs a processor")
            .hint("an accelerator does what its description says; see its `saf` tables")
            .into());
    }
    let task = Task {
        files: &arguments.arch,
        workload: arguments.workload.as_deref(),
        mapping: arguments.mapping.as_deref(),
        compat: arguments.compat,
        selection: &arguments.selection,
    };
    let text = match (accelerate::simulate(machine, &task)?, arguments.format) {
        (Answer::Network(report), format) => report_text(&report, format)?,
        (Answer::Problem(report), ReportFormat::Table) => report::accelerator::table(&report),
        (Answer::Problem(report), ReportFormat::Csv) => report::accelerator::csv(&report),
        (Answer::Problem(report), ReportFormat::Json) => json(&report)?,
    };
    emit(&text, arguments.out.as_deref())
}

/// Every number of one layer with its formula, inputs and source.
fn explain(request: &Request<'_>, name: &str) -> Result<String> {
    let workload = request.workload;
    let layer = workload.quantized_layer(name)?;
    let shape = &layer.shape;
    let mut text = String::new();
    for scheme in request.schemes {
        let weights =
            WeightStore::open(request.weights, *scheme, request.options.seed)?.layer(layer)?;
        let plan_request = PlanRequest::of_layer(layer, &weights, request.options);
        for method in request.methods {
            if method.applies(&plan_request).is_err() {
                continue;
            }
            let plan = request.plan(*method, &plan_request)?;
            let slots = method.slot_reuse(&plan_request, &plan, &[slots_a_line(request.arch)]);
            let counted = Counted::of(&plan, slots.as_ref());
            let cost = cost_of(request.arch, layer, plan_request.bits, &counted)?;
            let _ = writeln!(text, "{name}, {scheme}, {}", method.name());
            let _ = writeln!(
                text,
                "  dense_macs = {} per position\n    K*N = {} * {}\n  adds = {} per position\n    \
                 {}\n  density = {:.4}\n    effectual / total = {} / {}",
                shape.dense_macs(),
                shape.out_channels,
                shape.filter_len(),
                plan.counts.adds,
                method.summary(),
                weights.density(),
                weights.effectual(),
                weights.codes().len(),
            );
            for fact in &cost.facts {
                let _ = writeln!(text, "  {} = {} {}", fact.name, fact.value, fact.unit);
                let _ = writeln!(text, "    {}", fact.formula);
                for (input, value) in &fact.inputs {
                    let _ = writeln!(text, "      {input} = {value}");
                }
                let _ = writeln!(text, "    source: {}", fact.source);
            }
            text.push('\n');
        }
    }
    Ok(text)
}
