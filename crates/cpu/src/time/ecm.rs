//! Cycles by the execution-cache-memory (ECM) model.
//!
//! T = max(T_OL, overlapping transfers, T_nOL + sum of the other transfers), after Hofmann, Hager
//! and Fey and the machine files of Kerncraft (`models/ecm.py`) and of RRZE-HPC/ECM-Model. T_OL is
//! arithmetic, T_nOL the load and store ports. A link takes max(read, write) cycles at full duplex
//! and their sum otherwise. Whether a level overlaps is a flag of its description.

use crate::{
    cost::{Band, Contribution, CycleBreakdown, MemoryLevel, Traffic},
    traffic::{level_bytes, memory_level, work::Instructions},
};
use signloop_base::{Result, units::Cycles};
use signloop_machine::CpuArch;
use signloop_network::workload::OperandBits;

/// Vector adds per cycle at the width of the partial sums.
#[must_use]
pub fn adds_per_cycle(arch: &CpuArch, bits: OperandBits) -> f64 {
    let core = &arch.core;
    match bits.accumulator {
        _ if bits.activation == 32 => core.fp32_add_per_cycle.value,
        0..=8 => core.int8_add_per_cycle.value,
        9..=16 => core.int16_add_per_cycle.value,
        _ => core.int32_add_per_cycle.value,
    }
}

/// Cycles of one layer on one core.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn cycles(
    arch: &CpuArch,
    bits: OperandBits,
    instructions: &Instructions,
    traffic: &[Traffic],
) -> Result<CycleBreakdown> {
    let core = &arch.core;
    // Adds, multiplies and bitwise operations share the vector ports.
    let arithmetic = instructions.adds as f64 / adds_per_cycle(arch, bits)
        + instructions.multiply_adds as f64 / core.fma_per_cycle.value
        + instructions.logic as f64 / core.logic_per_cycle.value;
    let popcount = instructions.popcount_words as f64 / core.popcount_words_per_cycle.value;
    let load_store = (instructions.loads as f64 / core.load_per_cycle.value)
        .max(instructions.stores as f64 / core.store_per_cycle.value);
    let part = |name, cycles, overlaps| Contribution { name, cycles: Cycles(cycles), overlaps };
    let mut parts = vec![
        part("arithmetic", arithmetic, true),
        part("popcount", popcount, true),
        part("load-store", load_store, arch.caches.first().is_some_and(|l1| l1.overlaps.value)),
    ];
    for cache in arch.caches.iter().skip(1) {
        let level = memory_level(cache.level);
        let (read, write) = level_bytes(traffic, level)?;
        let read = read as f64 / cache.read_bytes_per_cycle.value;
        let write = write as f64 / cache.write_bytes_per_cycle.value;
        let cycles = if cache.full_duplex.value { read.max(write) } else { read + write };
        parts.push(part(level.name(), cycles, cache.overlaps.value));
    }
    let (read, write) = level_bytes(traffic, MemoryLevel::Dram)?;
    let bytes_per_cycle = arch.dram.single_core_gb_s.value / core.clock_ghz.value;
    let line = arch.caches.first().map_or(64, |cache| cache.line_bytes.value);
    let memory = (read as f64 + write as f64) / bytes_per_cycle
        + (read / line) as f64 * arch.dram.penalty_cycles_per_line.value;
    parts.push(part(MemoryLevel::Dram.name(), memory, arch.dram.overlaps.value));

    let sum_rule = parts.iter().map(|part| part.cycles).sum();
    let largest = |overlapping: Option<bool>| {
        let mut best: Option<&Contribution> = None;
        for part in parts.iter().filter(|part| overlapping.is_none_or(|flag| part.overlaps == flag))
        {
            if best.is_none_or(|best| part.cycles > best.cycles) {
                best = Some(part);
            }
        }
        best.map_or(("arithmetic", 0.0), |part| (part.name, part.cycles.0))
    };
    let in_turn: f64 = parts.iter().filter(|part| !part.overlaps).map(|part| part.cycles.0).sum();
    let (hidden_name, hidden) = largest(Some(true));
    // When transfers in turn set the total, the longest of them is the bottleneck.
    let bound_by = if hidden >= in_turn { hidden_name } else { largest(Some(false)).0 };
    let total = Cycles(hidden.max(in_turn));
    let band = Band { max_rule: Cycles(largest(None).1), sum_rule };
    Ok(CycleBreakdown { parts, total, band, bound_by })
}
