//! Which back end runs a layer fastest, and the program that suits it.

use std::sync::{Arc, OnceLock};

use super::here::core_here;
use super::{
    compile::generates,
    table::{self, CYCLES_PER_LOAD, CYCLES_PER_NEW_LIST, MOST_INPUTS, TableKernel, plan_cycles},
};
use signloop_lower::{Engine, Isa, KernelOptions, ports};
use signloop_method::{
    OpProgram,
    shared_sum::{PatternKind, pattern_table_program, row_pattern_program},
    subset_table::TablePlan,
};
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Bytes of generated code for an add: EVEX with a register or a displacement, loads included.
const CODE_BYTES_PER_ADD: f64 = 8.5;
/// Cycles of an add in generated code. Source: measured, Zen 4, 3×3 layers of ResNet-18.
const CODE_CYCLES_PER_ADD: f64 = 0.62;
/// Cycles of a byte of code from beyond the second-level cache. Source: measured, Zen 4, 512x7.
const CODE_CYCLES_PER_FAR_BYTE: f64 = 0.06;
/// Whether the system lets this process run code that it generated.
#[must_use]
pub fn may_generate(isa: Isa) -> bool {
    static GRANTED: OnceLock<bool> = OnceLock::new();
    generates(isa) && *GRANTED.get_or_init(executable_memory)
}

#[cfg(all(target_arch = "x86_64", unix))]
fn executable_memory() -> bool {
    // One `ret`, never called.
    super::x86::Executable::new(&[0xC3]).is_ok()
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
fn executable_memory() -> bool {
    false
}

/// Back end and programs, one a group, of sums of columns alike: small blocks of filters whose
/// sums stay in registers for generated code, wide blocks for tables, or tables of partial sums.
///
/// Code is the faster one while it comes from the second-level cache; a table is a third of its
/// size or less, and is chosen where the model says that this outweighs its loads, and wherever
/// code may not be run.
#[must_use]
pub fn plan_row_pattern(
    shape: &LayerShape,
    weights: &QuantizedTensor,
    options: &KernelOptions,
) -> (Engine, Vec<Arc<OpProgram>>) {
    let groups = shape.groups as usize;
    let each = |program: &dyn Fn(usize) -> OpProgram| -> Vec<Arc<OpProgram>> {
        (0..groups).map(|group| Arc::new(program(group))).collect()
    };
    let tables = || {
        let patterns = each(&|group| pattern_table_program(weights.group(group, groups)));
        let subsets = each(&|group| {
            let matrix = weights.group(group, groups);
            let cycles = |plan: &TablePlan| plan_cycles(matrix, plan);
            TablePlan::cheapest(matrix, MOST_INPUTS, cycles).program()
        });
        let cycles = |programs: &[Arc<OpProgram>]| {
            let lowered = TableKernel::lower(options, shape, programs).ok().flatten();
            lowered.map_or(f64::INFINITY, |lowered| lowered.cycles())
        };
        // The models are that far apart from the measured times.
        if cycles(&subsets) < 0.9 * cycles(&patterns) { subsets } else { patterns }
    };
    let code = || {
        let ports = ports(core_here(), options.isa, options.activations);
        each(&|group| row_pattern_program(weights.group(group, groups), &ports))
    };
    match options.engine {
        Some(Engine::Table) => (Engine::Table, tables()),
        Some(Engine::Code) => (Engine::Code, code()),
        None if !may_generate(options.isa) => (Engine::Table, tables()),
        None => {
            let programs = code();
            let adds: u64 = programs.iter().map(|program| program.adds()).sum();
            if prefers_table(adds, shape, options) {
                (Engine::Table, tables())
            } else {
                (Engine::Code, programs)
            }
        }
    }
}

/// Modelled cycles of a run: adds and code from afar, against loads and unlearned branches.
fn prefers_table(adds: u64, shape: &LayerShape, options: &KernelOptions) -> bool {
    let bytes = adds as f64 * CODE_BYTES_PER_ADD;
    let lane = table::lane(options.isa, options.activations);
    let positions = shape.positions() as f64;
    let blocks = (positions * lane.bytes() as f64 / options.isa.vector_bytes() as f64).ceil();
    let near = bytes < 0.75 * options.cache_bytes as f64;
    // From afar, code comes once a tile; the tile covers all blocks of a small map.
    let far = if near { 0.0 } else { bytes * CODE_CYCLES_PER_FAR_BYTE };
    let code = blocks * adds as f64 * CODE_CYCLES_PER_ADD + far;
    let passes = (shape.out_channels as f64 / PatternKind::OneSign.rows() as f64).ceil();
    let columns = shape.filter_len() as f64;
    let lanes = table::block_lanes(options.isa, lane) as f64;
    let vectors = lanes * lane.bytes() as f64 / options.isa.vector_bytes() as f64;
    let loads = (positions / lanes).ceil() * vectors * columns * passes;
    // Few columns reach each of 255 lists; every one that is not empty ends once.
    let lists = passes * columns.min(255.0);
    let table = loads * CYCLES_PER_LOAD + lists * CYCLES_PER_NEW_LIST;
    table < code
}
