//! One layer, one method: mapping, traffic, cycles, energy, facts.

use super::{
    LayerCost, LayerWork, ecm, energy, explain, gemm, lru::LinkLines, program, residency::Lines,
    traffic, work::Mapping,
};
use crate::{Error, Result, arch::CpuArch, method::Execution};

/// The mapping that a layer runs with, and the lines on each link.
///
/// `gemm` and `bit-serial` try a fixed set of blockings and take the one that moves the fewest
/// lines from memory, then from the next nearer level, and so on. As the set does not depend on
/// the caches, a larger cache never moves more from the level behind it.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn map(arch: &CpuArch, work: &LayerWork<'_>) -> Result<(Mapping, Vec<Vec<LinkLines>>)> {
    if work.execution == Execution::Program {
        let mapping = program::mapping(arch, work)?;
        let links = traffic::links(arch, &mapping.nest)?;
        return Ok((mapping, links));
    }
    let mut candidates = gemm::candidates(arch, work)
        .into_iter()
        .map(|blocking| Ok((gemm::mapping(arch, work, blocking)?, None)))
        .collect::<Result<Vec<(Mapping, Option<Vec<Lines>>)>>>()?;
    // Level by level from memory inwards; only ties go on to the next level.
    for index in (0..arch.caches.len()).rev() {
        let mut totals = Vec::with_capacity(candidates.len());
        for (mapping, next) in &mut candidates {
            let lines = traffic::below(arch, &mapping.nest, index)?;
            totals.push(traffic::link_total(&traffic::link(arch, index, &lines, next.as_deref()))?);
            *next = Some(lines);
        }
        let least = totals.iter().min().copied();
        let mut totals = totals.into_iter();
        candidates.retain(|_| totals.next() == least);
        if candidates.len() == 1 {
            break;
        }
    }
    let (mapping, _) = candidates
        .into_iter()
        .next()
        .ok_or_else(|| Error::Internal("no blocking to try".into()))?;
    let links = traffic::links(arch, &mapping.nest)?;
    Ok((mapping, links))
}

/// What a layer costs with a method on one core of a processor.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn evaluate(arch: &CpuArch, work: &LayerWork<'_>) -> Result<LayerCost> {
    let (mapping, links) = map(arch, work)?;
    let traffic = traffic::table(arch, &mapping.nest, &mapping.registers, &links)?;
    let instructions = mapping.instructions.total()?;
    let cycles = ecm::cycles(arch, work.bits, &mapping.instructions, &traffic)?;
    let time_us = cycles.total.at_ghz(arch.core.clock_ghz.value);
    let energy = energy::energy(arch, work, &mapping.instructions, &traffic, time_us)?;
    let mut cost = LayerCost { traffic, cycles, time_us, energy, instructions, facts: Vec::new() };
    cost.facts = explain::facts(arch, work, &mapping, &cost)?;
    Ok(cost)
}
