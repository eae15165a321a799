//! Every number of a layer with its formula, inputs and source.

use std::sync::Arc;

use super::{
    cost::{Contribution, Fact, LayerCost, LayerWork, MemoryLevel},
    energy::add_pj,
    time::ecm::adds_per_cycle,
    traffic::{level_bytes, memory_level, work::LayerNest},
};
use signloop_base::Result;
use signloop_machine::{CpuArch, Sourced};
use signloop_method::Execution;

const ECM: &str = "ECM model: Hofmann, Hager, Fey; Kerncraft models/ecm.py; docs/model.md";
const NEST: &str = "loop nest of docs/model.md";
const LAYER_CONDITION: &str = "layer condition, Kerncraft (IPTW 2016) section 2.4.2; docs/model.md";

struct Facts(Vec<Fact>);

impl Facts {
    fn add(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        formula: impl Into<String>,
        inputs: &[(&str, f64)],
        source: impl Into<Arc<str>>,
    ) {
        self.0.push(Fact {
            name: name.into(),
            value,
            unit,
            formula: formula.into(),
            inputs: inputs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            source: source.into(),
        });
    }
}

fn sources<T, U>(one: &Sourced<T>, other: &Sourced<U>) -> Arc<str> {
    if one.source == other.source {
        Arc::clone(&one.source)
    } else {
        format!("{}; {}", one.source, other.source).into()
    }
}

/// The facts of one layer.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn facts(
    arch: &CpuArch,
    work: &LayerWork<'_>,
    mapping: &LayerNest,
    cost: &LayerCost,
) -> Result<Vec<Fact>> {
    let mut facts = Facts(Vec::with_capacity(64));
    let choice = match work.execution {
        Execution::Program => "set by the vector width and the counts of the plan",
        _ => "chosen for the fewest bytes, memory first",
    };
    for (name, value) in &mapping.sizes {
        let formula = format!("{choice}; inputs: {}", mapping.input_access);
        facts.add(*name, *value as f64, "", formula, &[], NEST);
    }
    instructions(&mut facts, arch, work, mapping);
    for row in &cost.traffic {
        for (way, bytes) in [("read", row.read_bytes), ("written", row.write_bytes)] {
            if bytes == 0 {
                continue;
            }
            let name = format!("{} {way} at {}", row.tensor.name(), row.level.name());
            if row.level == MemoryLevel::L1 {
                facts.add(
                    name,
                    bytes as f64,
                    "B",
                    "bytes a register tile or program loads and stores",
                    &[],
                    NEST,
                );
            } else {
                let line = arch.caches[0].line_bytes.value as f64;
                let inputs = [("lines", bytes as f64 / line), ("line_bytes", line)];
                facts.add(name, bytes as f64, "B", "lines * line_bytes", &inputs, LAYER_CONDITION);
            }
        }
    }
    cycles(&mut facts, arch, work, mapping, cost)?;
    energies(&mut facts, arch, work, cost)?;
    Ok(facts.0)
}

fn instructions(facts: &mut Facts, arch: &CpuArch, work: &LayerWork<'_>, mapping: &LayerNest) {
    let counts = &mapping.instructions;
    let per_position = &work.counts;
    let positions = work.shape.positions() as f64;
    let simd = arch.core.simd_bits.value as f64;
    let common = [("positions", positions), ("simd_bits", simd)];
    for (name, value, count) in [
        ("vector adds", counts.adds, per_position.adds),
        (
            "vector multiply-adds",
            counts.multiply_adds,
            per_position.multiplies + per_position.scale_muls,
        ),
        ("vector logic operations", counts.logic, per_position.logic_ops),
        ("popcount words", counts.popcount_words, per_position.popcounts),
        ("loads", counts.loads, per_position.loads),
        ("stores", counts.stores, per_position.stores),
    ] {
        if value > 0 {
            let inputs = [common[0], common[1], ("operations_per_position", count as f64)];
            let formula = "operations per position spread over the vectors of the nest";
            facts.add(
                name,
                value as f64,
                "instructions",
                formula,
                &inputs,
                Arc::clone(&arch.core.simd_bits.source),
            );
        }
    }
}

fn cycles(
    facts: &mut Facts,
    arch: &CpuArch,
    work: &LayerWork<'_>,
    mapping: &LayerNest,
    cost: &LayerCost,
) -> Result<()> {
    let core = &arch.core;
    for part in &cost.cycles.parts {
        cycle_part(facts, arch, (work, mapping), cost, part)?;
    }
    let overlapping: Vec<&str> =
        cost.cycles.parts.iter().filter(|part| part.overlaps).map(|part| part.name).collect();
    let inputs: Vec<(&str, f64)> =
        cost.cycles.parts.iter().map(|part| (part.name, part.cycles.0)).collect();
    facts.add(
        "cycles",
        cost.cycles.total.0,
        "cycles",
        format!("max({}, sum of the others)", overlapping.join(", ")),
        &inputs,
        ECM,
    );
    let band = cost.cycles.band;
    facts.add("cycles, max rule", band.max_rule.0, "cycles", "largest part", &[], ECM);
    facts.add("cycles, sum rule", band.sum_rule.0, "cycles", "sum of all parts", &[], ECM);
    facts.add(
        "time",
        cost.time_us.0,
        "us",
        "cycles / (clock_ghz * 1000)",
        &[("cycles", cost.cycles.total.0), ("clock_ghz", core.clock_ghz.value)],
        Arc::clone(&core.clock_ghz.source),
    );
    Ok(())
}

/// Cycles of one part of the breakdown.
fn cycle_part(
    facts: &mut Facts,
    arch: &CpuArch,
    (work, mapping): (&LayerWork<'_>, &LayerNest),
    cost: &LayerCost,
    part: &Contribution,
) -> Result<()> {
    let core = &arch.core;
    let counts = &mapping.instructions;
    let value = part.cycles.0;
    let name = format!("cycles of {}", part.name);
    match part.name {
        "arithmetic" => facts.add(
            name,
            value,
            "cycles",
            "adds / adds_per_cycle + multiply_adds / fma_per_cycle + logic / logic_per_cycle",
            &[
                ("adds", counts.adds as f64),
                ("adds_per_cycle", adds_per_cycle(arch, work.bits)),
                ("multiply_adds", counts.multiply_adds as f64),
                ("fma_per_cycle", core.fma_per_cycle.value),
                ("logic", counts.logic as f64),
                ("logic_per_cycle", core.logic_per_cycle.value),
            ],
            sources(&core.int32_add_per_cycle, &core.fma_per_cycle),
        ),
        "popcount" => facts.add(
            name,
            value,
            "cycles",
            "popcount_words / popcount_words_per_cycle",
            &[
                ("popcount_words", counts.popcount_words as f64),
                ("popcount_words_per_cycle", core.popcount_words_per_cycle.value),
            ],
            Arc::clone(&core.popcount_words_per_cycle.source),
        ),
        "load-store" => facts.add(
            name,
            value,
            "cycles",
            "max(loads / load_per_cycle, stores / store_per_cycle)",
            &[
                ("loads", counts.loads as f64),
                ("load_per_cycle", core.load_per_cycle.value),
                ("stores", counts.stores as f64),
                ("store_per_cycle", core.store_per_cycle.value),
            ],
            sources(&core.load_per_cycle, &core.store_per_cycle),
        ),
        "DRAM" => memory_link(facts, arch, cost, value)?,
        level => cache_link(facts, arch, cost, (level, value))?,
    }
    Ok(())
}

/// Cycles of the link to memory.
fn memory_link(facts: &mut Facts, arch: &CpuArch, cost: &LayerCost, value: f64) -> Result<()> {
    let core = &arch.core;
    let name = "cycles of DRAM";
    let (read, write) = level_bytes(&cost.traffic, MemoryLevel::Dram)?;
    facts.add(
        name,
        value,
        "cycles",
        "(read + written) * clock_ghz / single_core_gb_s + lines_read * penalty",
        &[
            ("read_bytes", read as f64),
            ("written_bytes", write as f64),
            ("clock_ghz", core.clock_ghz.value),
            ("single_core_gb_s", arch.dram.single_core_gb_s.value),
            ("penalty_cycles_per_line", arch.dram.penalty_cycles_per_line.value),
        ],
        sources(&arch.dram.single_core_gb_s, &arch.dram.penalty_cycles_per_line),
    );
    Ok(())
}

/// Cycles of the link to a cache, told by its level's name.
fn cache_link(
    facts: &mut Facts,
    arch: &CpuArch,
    cost: &LayerCost,
    (level, value): (&str, f64),
) -> Result<()> {
    let name = format!("cycles of {level}");
    let Some(cache) = arch.caches.iter().find(|cache| memory_level(cache.level).name() == level)
    else {
        return Ok(());
    };
    let (read, write) = level_bytes(&cost.traffic, memory_level(cache.level))?;
    let formula = if cache.full_duplex.value {
        "max(read / read_bytes_per_cycle, written / write_bytes_per_cycle)"
    } else {
        "read / read_bytes_per_cycle + written / write_bytes_per_cycle"
    };
    facts.add(
        name,
        value,
        "cycles",
        formula,
        &[
            ("read_bytes", read as f64),
            ("read_bytes_per_cycle", cache.read_bytes_per_cycle.value),
            ("written_bytes", write as f64),
            ("write_bytes_per_cycle", cache.write_bytes_per_cycle.value),
        ],
        sources(&cache.read_bytes_per_cycle, &cache.write_bytes_per_cycle),
    );
    Ok(())
}

fn energies(
    facts: &mut Facts,
    arch: &CpuArch,
    work: &LayerWork<'_>,
    cost: &LayerCost,
) -> Result<()> {
    let table = &arch.energy;
    let energy = &cost.energy;
    let counts = work.counts;
    facts.add(
        "energy of compute (modelled)",
        energy.compute.0,
        "pJ",
        "positions * (adds * add_pj + (multiplies + scale_muls) * fp32_mul_pj + logic_ops * logic64_pj + popcounts * popcount64_pj)",
        &[
            ("positions", work.shape.positions() as f64),
            ("adds", counts.adds as f64),
            ("add_pj", add_pj(arch, work)),
            ("multiplies", counts.multiplies as f64),
            ("scale_muls", counts.scale_muls as f64),
            ("fp32_mul_pj", table.fp32_mul_pj.value),
            ("logic_ops", counts.logic_ops as f64),
            ("logic64_pj", table.logic64_pj.value),
            ("popcounts", counts.popcounts as f64),
            ("popcount64_pj", table.popcount64_pj.value),
        ],
        sources(&table.int32_add_pj, &table.fp32_mul_pj),
    );
    level_energies(facts, arch, cost)?;
    let (read, write) = level_bytes(&cost.traffic, MemoryLevel::Dram)?;
    let dram = &arch.dram;
    facts.add(
        "energy of DRAM (modelled)",
        energy.dram.0,
        "pJ",
        "8 * bytes * row_hit_pj_per_bit + ceil(bytes / row_bytes) * activation_nj * 1000 + background_mw * time_us * 1000",
        &[
            ("bytes", read as f64 + write as f64),
            ("row_hit_pj_per_bit", dram.row_hit_pj_per_bit.value),
            ("row_bytes", dram.row_bytes.value as f64),
            ("activation_nj", dram.activation_nj.value),
            ("background_mw", dram.background_mw.value),
            ("time_us", cost.time_us.0),
        ],
        sources(&dram.row_hit_pj_per_bit, &dram.activation_nj),
    );
    facts.add(
        "energy of instruction overhead (modelled)",
        energy.instruction_overhead.0,
        "pJ",
        "instructions * instruction_overhead_pj",
        &[
            ("instructions", cost.instructions as f64),
            ("instruction_overhead_pj", table.instruction_overhead_pj.value),
        ],
        Arc::clone(&table.instruction_overhead_pj.source),
    );
    facts.add(
        "static energy (modelled)",
        energy.static_energy.0,
        "pJ",
        "static_w * time_us * 1e6",
        &[("static_w", table.static_w.value), ("time_us", cost.time_us.0)],
        Arc::clone(&table.static_w.source),
    );
    facts.add("energy (modelled)", energy.total.0, "pJ", "sum of the parts", &[], "docs/model.md");
    Ok(())
}

/// Energy of the accesses of each cache level.
fn level_energies(facts: &mut Facts, arch: &CpuArch, cost: &LayerCost) -> Result<()> {
    for (index, (level, value)) in cost.energy.levels.iter().enumerate() {
        let cache = &arch.caches[index];
        let (read, write) = level_bytes(&cost.traffic, *level)?;
        let next =
            arch.caches.get(index + 1).map_or(MemoryLevel::Dram, |next| memory_level(next.level));
        facts.add(
            format!("energy of {} (modelled)", level.name()),
            value.0,
            "pJ",
            "read / access_bytes * read_pj_per_access + (written + filled) / access_bytes * write_pj_per_access",
            &[
                ("read_bytes", read as f64),
                ("written_bytes", write as f64),
                ("filled_bytes", level_bytes(&cost.traffic, next)?.0 as f64),
                ("access_bytes", cache.access_bytes.value as f64),
                ("read_pj_per_access", cache.read_pj_per_access.value),
                ("write_pj_per_access", cache.write_pj_per_access.value),
            ],
            sources(&cache.read_pj_per_access, &cache.write_pj_per_access),
        );
    }
    Ok(())
}
