//! Modelled energy: operations, accesses of each level, memory, instructions and static power.

use super::{
    cost::{EnergyBreakdown, LayerWork, MemoryLevel, Traffic},
    traffic::{
        level_bytes, memory_level,
        work::{Instructions, product},
    },
};
use signloop_base::{
    Result,
    units::{Microseconds, Picojoules},
};
use signloop_machine::CpuArch;

/// Energy of one add at the width of the partial sums.
#[must_use]
pub fn add_pj(arch: &CpuArch, work: &LayerWork<'_>) -> f64 {
    let energy = &arch.energy;
    match work.bits.accumulator {
        _ if work.bits.activation == 32 => energy.fp32_add_pj.value,
        0..=8 => energy.int8_add_pj.value,
        9..=16 => energy.int16_add_pj.value,
        _ => energy.int32_add_pj.value,
    }
}

/// Energy of one layer.
///
/// A level is charged for the bytes it serves, the bytes written into it from the nearer level,
/// and the bytes it receives from the next farther one.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn energy(
    arch: &CpuArch,
    work: &LayerWork<'_>,
    instructions: &Instructions,
    traffic: &[Traffic],
    time: Microseconds,
) -> Result<EnergyBreakdown> {
    let table = &arch.energy;
    let positions = work.shape.positions();
    let per_layer = |what, count| -> Result<f64> { Ok(product(what, &[count, positions])? as f64) };
    let counts = work.counts;
    let compute = Picojoules(
        per_layer("adds", counts.adds)? * add_pj(arch, work)
            + per_layer("multiplies", counts.multiplies)? * table.fp32_mul_pj.value
            + per_layer("scale multiplies", counts.scale_muls)? * table.fp32_mul_pj.value
            + per_layer("logic operations", counts.logic_ops)? * table.logic64_pj.value
            + per_layer("popcounts", counts.popcounts)? * table.popcount64_pj.value,
    );
    let mut levels = Vec::with_capacity(arch.caches.len());
    for (index, cache) in arch.caches.iter().enumerate() {
        let level = memory_level(cache.level);
        let (read, write) = level_bytes(traffic, level)?;
        let next =
            arch.caches.get(index + 1).map_or(MemoryLevel::Dram, |next| memory_level(next.level));
        let (filled, _) = level_bytes(traffic, next)?;
        let access = cache.access_bytes.value as f64;
        let energy = read as f64 / access * cache.read_pj_per_access.value
            + (write as f64 + filled as f64) / access * cache.write_pj_per_access.value;
        levels.push((level, Picojoules(energy)));
    }
    let (read, write) = level_bytes(traffic, MemoryLevel::Dram)?;
    let moved = read as f64 + write as f64;
    let memory = &arch.dram;
    let dram = Picojoules(
        moved * 8.0 * memory.row_hit_pj_per_bit.value
            + (moved / memory.row_bytes.value as f64).ceil() * memory.activation_nj.value * 1e3
            // Milliwatts times microseconds are nanojoules.
            + memory.background_mw.value * time.0 * 1e3,
    );
    let instruction_overhead =
        Picojoules(instructions.total()? as f64 * table.instruction_overhead_pj.value);
    // Watts times microseconds are microjoules.
    let static_energy = Picojoules(table.static_w.value * time.0 * 1e6);
    let cached: Picojoules = levels.iter().map(|(_, energy)| *energy).sum();
    let total = compute + cached + dram + instruction_overhead + static_energy;
    Ok(EnergyBreakdown { compute, levels, dram, instruction_overhead, static_energy, total })
}
