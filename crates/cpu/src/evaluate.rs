//! One layer, one method: mapping, traffic, cycles, energy, facts.

use std::{collections::HashMap, rc::Rc};

use super::{
    cost::{LayerCost, LayerWork},
    energy, explain,
    time::ecm,
    traffic::{
        self, blocking, gemm,
        lru::LinkLines,
        program,
        residency::{Lines, Residency},
        work::LayerNest,
    },
};
use signloop_base::{Error, Result};
use signloop_machine::CpuArch;
use signloop_method::{Execution, SlotReuse};

/// Evaluates one layer on one processor after another.
///
/// The nests depend on the core and the line size only, and the lines that a cache moves on its
/// own geometry only, so both are kept: a grid over cache sizes asks each size once.
pub struct Evaluator<'w> {
    work: LayerWork<'w>,
    cores: Vec<(CoreKey, Vec<Candidate>)>,
}

/// What the nests depend on beside the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CoreKey {
    line: u64,
    simd_bits: u64,
    vector_registers: u64,
    /// Bits of a float: a core that counts a whole vector at once needs fewer instructions.
    popcount_words_per_cycle: u64,
}

impl CoreKey {
    fn of(arch: &CpuArch) -> Self {
        Self {
            line: arch.caches.first().map_or(64, |cache| cache.line_bytes.value),
            simd_bits: arch.core.simd_bits.value,
            vector_registers: arch.core.vector_registers.value,
            popcount_words_per_cycle: arch.core.popcount_words_per_cycle.value.to_bits(),
        }
    }
}

/// A nest that the layer may run as, and the caches it was asked about.
struct Candidate {
    mapping: LayerNest,
    lines: HashMap<(u64, u64), Rc<[Lines]>>,
}

impl Candidate {
    fn new(mapping: LayerNest) -> Self {
        Self { mapping, lines: HashMap::new() }
    }

    fn below(
        &mut self,
        arch: &CpuArch,
        index: usize,
        slots: Option<&SlotReuse>,
    ) -> Result<Rc<[Lines]>> {
        let capacity = traffic::effective(arch, index)?;
        if let Some(known) = self.lines.get(&(capacity.sets, capacity.ways)) {
            return Ok(Rc::clone(known));
        }
        let mut found = Residency::new(&self.mapping.nest, capacity.line).lines(capacity)?;
        if let (Some(pass), Some(slots)) = (&self.mapping.pass, slots) {
            found[pass.buffer] = pass.lines(slots, capacity)?;
        }
        let found: Rc<[Lines]> = found.into();
        self.lines.insert((capacity.sets, capacity.ways), Rc::clone(&found));
        Ok(found)
    }
}

impl<'w> Evaluator<'w> {
    /// An evaluator that knows nothing yet.
    #[must_use]
    pub fn new(work: LayerWork<'w>) -> Self {
        Self { work, cores: Vec::new() }
    }

    /// Cost on a processor, without [`LayerCost::facts`].
    ///
    /// # Errors
    /// A count does not fit in 64 bits.
    pub fn cost(&mut self, arch: &CpuArch) -> Result<LayerCost> {
        let work = self.work;
        let (mapping, links) = self.map(arch)?;
        cost(arch, &work, mapping, &links)
    }

    /// The mapping that the layer runs with, and the lines on each link.
    ///
    /// `gemm` and `bit-serial` try a fixed set of blockings and take the one that moves the fewest
    /// lines from memory, then from the next nearer level, and so on. As the set does not depend
    /// on the caches, a larger cache never moves more from the level behind it.
    fn map(&mut self, arch: &CpuArch) -> Result<(&LayerNest, Vec<Vec<LinkLines>>)> {
        let key = CoreKey::of(arch);
        let at = match self.cores.iter().position(|(known, _)| *known == key) {
            Some(at) => at,
            None => {
                self.cores.push((key, candidates(arch, &self.work)?));
                self.cores.len() - 1
            }
        };
        let candidates = &mut self.cores[at].1;
        let slots = self.work.slots;
        let mut left: Vec<(usize, Option<Rc<[Lines]>>)> =
            (0..candidates.len()).map(|index| (index, None)).collect();
        // Level by level from memory inwards; only ties go on to the next level.
        for index in (0..arch.caches.len()).rev() {
            if left.len() == 1 {
                break;
            }
            let mut totals = Vec::with_capacity(left.len());
            for (candidate, next) in &mut left {
                let lines = candidates[*candidate].below(arch, index, slots)?;
                totals.push(traffic::link_total(&traffic::link(
                    arch,
                    index,
                    &lines,
                    next.as_deref(),
                ))?);
                *next = Some(lines);
            }
            let least = totals.iter().min().copied();
            let mut totals = totals.into_iter();
            left.retain(|_| totals.next() == least);
        }
        let (best, _) =
            left.into_iter().next().ok_or_else(|| Error::Internal("no blocking to try".into()))?;
        let all = (0..arch.caches.len())
            .map(|index| Ok(candidates[best].below(arch, index, slots)?.to_vec()))
            .collect::<Result<Vec<_>>>()?;
        Ok((&candidates[best].mapping, traffic::links_of(arch, all)))
    }
}

fn candidates(arch: &CpuArch, work: &LayerWork<'_>) -> Result<Vec<Candidate>> {
    if work.execution == Execution::Program {
        return Ok(vec![Candidate::new(program::layer_nest(arch, work)?)]);
    }
    blocking::candidates(arch, work)
        .into_iter()
        .map(|blocking| Ok(Candidate::new(gemm::layer_nest(arch, work, blocking)?)))
        .collect()
}

fn cost(
    arch: &CpuArch,
    work: &LayerWork<'_>,
    mapping: &LayerNest,
    links: &[Vec<LinkLines>],
) -> Result<LayerCost> {
    let traffic = traffic::table(arch, &mapping.nest, &mapping.registers, links)?;
    let instructions = mapping.instructions.total()?;
    let cycles = ecm::cycles(arch, work.bits, &mapping.instructions, &traffic)?;
    let time_us = cycles.total.at_ghz(arch.core.clock_ghz.value);
    let energy = energy::energy(arch, work, &mapping.instructions, &traffic, time_us)?;
    Ok(LayerCost { traffic, cycles, time_us, energy, instructions, facts: Vec::new() })
}

/// The mapping that a layer runs with, and the lines on each link; see [`Evaluator`].
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn map(arch: &CpuArch, work: &LayerWork<'_>) -> Result<(LayerNest, Vec<Vec<LinkLines>>)> {
    let mut evaluator = Evaluator::new(*work);
    let (mapping, links) = evaluator.map(arch)?;
    Ok((mapping.clone(), links))
}

/// What a layer costs with a method on one core of a processor.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn evaluate(arch: &CpuArch, work: &LayerWork<'_>) -> Result<LayerCost> {
    let (mapping, links) = map(arch, work)?;
    let mut cost = cost(arch, work, &mapping, &links)?;
    cost.facts = explain::facts(arch, work, &mapping, &cost)?;
    Ok(cost)
}
