//! A prepared accelerator and problem that mappings are tried on.

use super::{
    combine::Combined,
    complete::Complete,
    cost::{block_ratio, level_cycles, level_energy, metadata_bits, port_words},
    dense::{self, Dense, Question},
    evaluation::{ComputeCost, Evaluation, LevelCost, Score, TensorCost},
    footprint::Sizes,
    formats::{self, Loops},
    misfit::Misfit,
    nest::Nest,
    prepared::Prepared,
};
use crate::{
    Result,
    arch::accelerator::Accelerator,
    mapping::{self, MAX_LEVELS, Mapping},
    model::sparse::{Fibers, Memo, Rules, TileUnits, max_units},
    workload::problem::{MAX_TENSORS, Problem},
};

/// Evaluates mappings of one problem on one accelerator. Keeps memories of probabilities, so use
/// one a thread (cloning is cheap).
pub struct Evaluator<'a> {
    pub(super) prepared: Prepared<'a>,
    pub(super) memo: Memo,
    pub(super) nest: Nest,
    pub(super) complete: Complete,
    pub(super) counts: [[Dense; MAX_LEVELS]; MAX_TENSORS],
    pub(super) fibers: [[Option<Fibers>; MAX_LEVELS]; MAX_TENSORS],
    pub(super) units: [[Option<TileUnits>; MAX_LEVELS]; MAX_TENSORS],
    pub(super) combined: Combined,
    loops: Loops,
    costs: Costs,
}

/// Results that the report and the score share.
#[derive(Debug, Clone, Copy, Default)]
struct Costs {
    needed: [(u64, u64); MAX_LEVELS],
    level_cycles: [u64; MAX_LEVELS],
    energy: [[f64; MAX_TENSORS]; MAX_LEVELS],
    leak: [f64; MAX_LEVELS],
    compute_cycles: u64,
    compute_energy: f64,
    score: Option<Score>,
}

impl<'a> Evaluator<'a> {
    /// Prepares a pair.
    ///
    /// # Errors
    /// A feature or format names a tensor that the problem lacks, or a density does not fit.
    pub fn new(accelerator: &'a Accelerator, problem: &'a Problem, rules: Rules) -> Result<Self> {
        Ok(Self::of(Prepared::new(accelerator, problem, rules)?))
    }

    fn of(prepared: Prepared<'a>) -> Self {
        Self {
            prepared,
            memo: Memo::default(),
            nest: Nest::empty(),
            complete: Complete::default(),
            counts: [[Dense::none(); MAX_LEVELS]; MAX_TENSORS],
            fibers: [[None; MAX_LEVELS]; MAX_TENSORS],
            units: [[None; MAX_LEVELS]; MAX_TENSORS],
            combined: Combined::new(),
            loops: Vec::new(),
            costs: Costs::default(),
        }
    }

    /// Energy and cycles of a mapping that covers the problem (see [`mapping::check`]).
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn score(&mut self, mapping: &Mapping) -> Result<Score, Misfit> {
        self.count(mapping)?;
        Ok(self.cost())
    }

    /// Everything about a mapping.
    ///
    /// # Errors
    /// The mapping does not cover the problem, or does not fit.
    pub fn evaluate(&mut self, mapping: &Mapping) -> Result<Evaluation, Misfit> {
        let problem = self.prepared.problem;
        mapping::check(problem, self.prepared.levels(), mapping).map_err(Misfit::Mapping)?;
        self.count(mapping)?;
        let score = self.cost();
        Ok(self.report(score))
    }

    /// Accesses of all levels.
    fn count(&mut self, mapping: &Mapping) -> Result<(), Misfit> {
        let prepared = &self.prepared;
        let levels = prepared.levels();
        self.nest.set(mapping);
        if !prepared.skips_in_space {
            check_fanout(prepared.accelerator, &self.nest)?;
        }
        for (tensor, counts) in self.counts[..prepared.tensors()].iter_mut().enumerate() {
            let question = Question {
                index: tensor,
                shape: &prepared.shapes[tensor],
                output: prepared.outputs[tensor],
                multicast: &prepared.multicast,
                fanout: &prepared.fanout,
                rules: prepared.rules,
            };
            dense::tensor(&self.nest, mapping, &question, counts);
        }
        if prepared.sparse {
            self.complete.set(mapping, prepared.problem.dimensions.len());
            for tensor in 0..prepared.tensors() {
                if prepared.formats[tensor].iter().any(Option::is_some) {
                    check_formats(prepared, tensor, &self.counts[tensor])?;
                    formats::place(
                        &self.complete,
                        (tensor, &prepared.shapes[tensor]),
                        &prepared.formats[tensor],
                        &self.counts[tensor],
                        prepared.rules,
                        (&mut self.loops, &mut self.fibers[tensor]),
                    )?;
                }
            }
        }
        for level in 0..levels {
            self.check_capacity(level)?;
        }
        if self.prepared.sparse { self.combine_sparse() } else { self.combine_dense() }
    }

    fn check_capacity(&mut self, level: usize) -> Result<(), Misfit> {
        let prepared = &self.prepared;
        let storage = &prepared.accelerator.levels[level];
        let (mut need, mut bits) = (0_u64, 0_u64);
        for tensor in 0..prepared.tensors() {
            let count = &self.counts[tensor][level];
            if !count.kept {
                continue;
            }
            let density = &prepared.densities[tensor];
            let compressed = prepared.compresses(tensor, level);
            let words = if compressed {
                density.max_occupancy(&count.tile, 1.0)
            } else {
                count.tile.size()
            };
            need = need.saturating_add(words);
            let Some(fibers) = &self.fibers[tensor][level] else { continue };
            if storage.metadata.is_some_and(|store| store.depth.is_some()) {
                let units = max_units(fibers, density, &count.tile, 1.0);
                let word_bits = &prepared.word_bits[tensor][level];
                let sum: f64 = units
                    .ranks()
                    .iter()
                    .zip(word_bits)
                    .map(|(units, bits)| {
                        units.metadata.ceil() * bits.metadata as f64
                            + units.payload.ceil() * bits.payload as f64
                    })
                    .sum();
                bits = bits.saturating_add(sum as u64);
            }
        }
        self.costs.needed[level] = (need, bits);
        let usable = |all: u64| (all as f64 / storage.buffering) as u64;
        if let Some(have) = storage.capacity_words.map(usable)
            && need > have
        {
            return Err(Misfit::Capacity { level, need, have });
        }
        let store = storage.metadata.and_then(|store| store.depth?.checked_mul(store.width_bits));
        if let Some(have) = store.map(usable)
            && bits > have
        {
            return Err(Misfit::Metadata { level, need: bits, have });
        }
        Ok(())
    }

    /// Cycles and energy of the counted accesses.
    fn cost(&mut self) -> Score {
        let prepared = &self.prepared;
        let (rules, accelerator) = (prepared.rules, prepared.accelerator);
        let combined = &self.combined;
        let flow = combined.operations;
        let compute_cycles = (flow.busy() / combined.units).ceil().max(1.0);
        let compute = &accelerator.compute;
        let mut cycles = compute_cycles;
        let mut energy = flow.actual * compute.energy.actual
            + flow.gated * compute.energy.gated
            + flow.skipped * compute.energy.skipped;
        self.costs.compute_energy = energy;
        self.costs.compute_cycles = compute_cycles as u64;
        for (level, storage) in accelerator.levels.iter().enumerate() {
            let (mut read, mut write) = (0.0, 0.0);
            for tensor in 0..prepared.tensors() {
                let count = &self.counts[tensor][level];
                if !count.kept {
                    self.costs.energy[level][tensor] = 0.0;
                    continue;
                }
                let words = &combined.words[level][tensor];
                let bits = metadata_bits(
                    &combined.ranks[level][tensor],
                    &prepared.word_bits[tensor][level],
                );
                let instances = combined.instances[level][tensor];
                let (reads, writes) = port_words(words, &bits, storage, rules);
                let spare = combined.spare[level][tensor];
                let whole = |words: f64| match rules {
                    Rules::Timeloop => (words / spare).ceil(),
                    Rules::Exact => words / spare,
                };
                read += whole(reads);
                write += whole(writes);
                let ratio = block_ratio(
                    (&prepared.densities[tensor], &count.tile, prepared.compresses(tensor, level)),
                    combined.shares[tensor][level],
                    storage.block_words,
                    rules,
                );
                let own = level_energy(words, &bits, ratio, storage, rules) * instances
                    + combined.decompressed[level][tensor] * storage.energy.decompress * instances;
                self.costs.energy[level][tensor] = own;
                energy += own;
            }
            let own = level_cycles(compute_cycles, read, write, storage).ceil();
            self.costs.level_cycles[level] = own as u64;
            cycles = cycles.max(own);
        }
        for (leak, storage) in self.costs.leak.iter_mut().zip(&accelerator.levels) {
            *leak = storage.energy.leak_per_cycle * cycles * storage.instances() as f64;
            energy += *leak;
        }
        let leak = compute.leak_pj_per_cycle * cycles * compute.instances() as f64;
        self.costs.compute_energy += leak;
        energy += leak;
        let score = Score { energy_pj: energy, cycles: cycles as u64 };
        self.costs.score = Some(score);
        score
    }

    fn report(&self, score: Score) -> Evaluation {
        let prepared = &self.prepared;
        let combined = &self.combined;
        let levels = (0..prepared.levels())
            .map(|level| LevelCost {
                cycles: self.costs.level_cycles[level],
                words_needed: self.costs.needed[level].0,
                metadata_bits_needed: self.costs.needed[level].1,
                leak_pj: self.costs.leak[level],
                tensors: (0..prepared.tensors()).map(|tensor| self.tensor(level, tensor)).collect(),
            })
            .collect();
        let available = prepared.accelerator.compute.instances() as f64 * score.cycles as f64;
        Evaluation {
            score,
            compute: ComputeCost {
                operations: prepared.problem.operations(),
                flow: combined.operations,
                units: combined.units,
                cycles: self.costs.compute_cycles,
                energy_pj: self.costs.compute_energy,
                utilization: combined.operations.busy() / available.max(1.0),
            },
            levels,
        }
    }

    fn tensor(&self, level: usize, tensor: usize) -> TensorCost {
        let count = &self.counts[tensor][level];
        let combined = &self.combined;
        TensorCost {
            kept: count.kept,
            tile_words: if count.kept { count.tile.size() } else { 0 },
            instances: combined.instances[level][tensor],
            dense_reads: count.reads + count.drains,
            dense_fills: count.fills,
            dense_updates: count.updates,
            words: combined.words[level][tensor],
            ranks: combined.ranks[level][tensor].as_slice().to_vec(),
            reductions: combined.reductions[level][tensor],
            energy_pj: self.costs.energy[level][tensor],
        }
    }

    /// Sizes of the whole problem.
    pub(super) fn problem_sizes(&self) -> Sizes {
        self.prepared.sizes
    }
}

impl Clone for Evaluator<'_> {
    fn clone(&self) -> Self {
        Self::of(self.prepared.clone())
    }
}

/// Spatial loops must fit the array inside each level.
fn check_fanout(accelerator: &Accelerator, nest: &Nest) -> Result<(), Misfit> {
    for level in 0..accelerator.levels.len() {
        let (need_x, need_y) = nest.spatial[level];
        let (x, y) = accelerator.fanout(level);
        if need_x > x {
            return Err(Misfit::Fanout { level, axis: 'x', need: need_x, have: x });
        }
        if need_y > y {
            return Err(Misfit::Fanout { level, axis: 'y', need: need_y, have: y });
        }
    }
    Ok(())
}

/// A plain tile inside a compressed one must be decompressed, and compressed ones must agree.
fn check_formats(
    prepared: &Prepared<'_>,
    tensor: usize,
    counts: &[Dense; MAX_LEVELS],
) -> Result<(), Misfit> {
    for (level, count) in counts[..prepared.levels()].iter().enumerate() {
        let Some(parent) = count.parent.filter(|_| count.kept).map(usize::from) else { continue };
        if !prepared.compresses(tensor, parent) {
            continue;
        }
        let storage = &prepared.accelerator.levels[level];
        if !prepared.compresses(tensor, level) {
            if !storage.decompresses {
                return Err(Misfit::Decompression { level, tensor });
            }
            continue;
        }
        if count.tile.size() > 1
            && let (Some(outer), Some(inner)) =
                (&prepared.formats[tensor][parent], &prepared.formats[tensor][level])
        {
            let same = inner
                .ranks()
                .iter()
                .rev()
                .zip(outer.ranks().iter().rev())
                .all(|(inner, outer)| inner.format == outer.format);
            if !same || inner.ranks().len() > outer.ranks().len() {
                return Err(Misfit::Ranks { level: parent, tensor });
            }
        }
    }
    Ok(())
}
