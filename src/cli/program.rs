//! `signloop program`.

use std::{fmt::Write as _, num::NonZeroU32, path::PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::common::{emit, keep, load_workload, weights_of};
use crate::report::json;
use signloop_base::{Result, diagnostics::Problem};
use signloop_method::{
    OpCounts, Plan, PlanOptions, PlanRequest, ProgramExport, RegisterUse, Schedule, Verification,
    find, graphviz, simulate_registers,
};
use signloop_network::{quant::Scheme, workload::WeightStore};

/// Largest program that is drawn; larger graphs are unreadable.
const MOST_DRAWN: u32 = 400;

/// Arguments of `signloop program`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Network: a TOML file or a shipped name.
    #[arg(long)]
    workload: PathBuf,
    /// Layer.
    #[arg(long)]
    layer: String,
    /// Scheme.
    #[arg(long)]
    scheme: String,
    /// Method.
    #[arg(long)]
    method: String,
    /// Weights instead of the workload's own (packed, .safetensors, .npz, .npy).
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Seed of synthetic weights and of every random choice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Columns of a tile of sum-merge.
    #[arg(long)]
    tile: Option<NonZeroU32>,
    /// Filters that share a table of ucnn.
    #[arg(long)]
    filter_group: Option<NonZeroU32>,
    /// Registers of the load and store simulation.
    #[arg(long, default_value_t = NonZeroU32::new(32).unwrap_or(NonZeroU32::MIN))]
    registers: NonZeroU32,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Summary)]
    format: Format,
    /// Execute the program on random integers against the dense product.
    #[arg(long)]
    verify: bool,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Counts, slots, loads and stores.
    Summary,
    /// The whole program.
    Json,
    /// Graphviz, for small programs.
    Dot,
}

#[derive(Serialize)]
struct Export {
    schema: &'static str,
    workload: String,
    layer: String,
    scheme: &'static str,
    method: &'static str,
    seed: u64,
    counts: OpCounts,
    verified: Option<Verification>,
    registers: Vec<RegisterUse>,
    programs: Vec<ProgramExport>,
}

/// Plans one layer and prints its programs.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let read = arguments.weights.iter().chain([&arguments.workload]).map(PathBuf::as_path);
    keep(arguments.out.as_deref(), read)?;
    let workload = load_workload(&arguments.workload)?;
    let source = weights_of(&workload, arguments.weights.as_deref())?;
    keep(arguments.out.as_deref(), [])?;
    let scheme: Scheme = arguments.scheme.parse::<Scheme>()?;
    let method = find(&arguments.method)?;
    let name = &arguments.layer;
    let layer = workload.quantized_layer(name)?;
    let weights = WeightStore::open(&source, scheme, arguments.seed)?.layer(layer)?;
    let options = PlanOptions {
        seed: arguments.seed,
        column_tile: arguments.tile,
        filter_group: arguments.filter_group,
        ..PlanOptions::default()
    };
    let request = PlanRequest::of_layer(layer, &weights, &options);
    let refused = |reason| Problem::new(format!("{}: {reason}", method.name()));
    method.applies(&request).map_err(refused)?;
    let plan = method.plan(&request)?;
    if plan.programs.is_empty() {
        return Err(Problem::new(format!("{} is no op program", method.name()))
            .hint("`dense` is a closed form and `bit-packed` works on words; choose another")
            .into());
    }
    let verified =
        if arguments.verify { Some(method.verify(&request, &plan, arguments.seed)?) } else { None };
    let registers = arguments.registers.get();
    let text = match arguments.format {
        Format::Summary => summary(&plan, registers, verified),
        Format::Dot => draw(name, &plan)?,
        Format::Json => {
            let programs = plan.programs.iter().zip(0..);
            let export = Export {
                schema: "signloop-program-1",
                workload: workload.name.clone(),
                layer: name.clone(),
                scheme: scheme.name(),
                method: method.name(),
                seed: arguments.seed,
                counts: plan.counts,
                verified,
                registers: plan
                    .programs
                    .iter()
                    .map(|program| simulate_registers(program, registers))
                    .collect(),
                programs: programs.map(|(p, group)| ProgramExport::of(group, p)).collect(),
            };
            json(&export)?
        }
    };
    emit(&text, arguments.out.as_deref())
}

fn summary(plan: &Plan, registers: u32, verified: Option<Verification>) -> String {
    let mut text = String::new();
    for (group, program) in plan.programs.iter().enumerate() {
        let schedule = Schedule::of(program);
        let used = simulate_registers(program, registers);
        let _ = writeln!(
            text,
            "group {group}: {} inputs, {} nodes, {} outputs, {} adds\n  without registers: {} \
             loads, {} stores, {} slots\n  with {registers} registers: {} loads, {} stores",
            program.inputs(),
            program.nodes(),
            program.outputs().len(),
            program.adds(),
            schedule.loads,
            schedule.stores,
            schedule.slots,
            used.loads,
            used.stores,
        );
    }
    if let Some(done) = verified {
        let _ = writeln!(
            text,
            "verified: {} programs equal the dense product on random integers ({} evaluations)",
            done.programs, done.evaluations
        );
    }
    text
}

fn draw(name: &str, plan: &Plan) -> Result<String> {
    let size: u32 =
        plan.programs.iter().map(|p| p.inputs().saturating_add(p.nodes())).max().unwrap_or(0);
    if size > MOST_DRAWN {
        return Err(Problem::new(format!(
            "the program has {size} inputs and sums; at most {MOST_DRAWN} are drawn"
        ))
        .hint("choose a smaller layer, or --format json")
        .into());
    }
    let graphs = plan.programs.iter().enumerate();
    Ok(graphs.map(|(group, p)| graphviz(&format!("{name} group {group}"), p)).collect())
}
