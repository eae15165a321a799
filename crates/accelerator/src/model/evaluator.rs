//! A prepared accelerator and problem that mappings are tried on.

use super::{
    cost::{Demand, block_ratio, level_energy, metadata_bits, port_words},
    dense::{self, Question},
    evaluation::{ComputeCost, Evaluation, LevelCost, Score, TensorCost},
    fit::{check_capacity, check_fanout, check_formats, usable},
    formats::{self, Loops},
    misfit::Misfit,
    prepared::Prepared,
    workspace::Workspace,
};
use crate::{
    mapping::{self, MAX_LEVELS, Mapping},
    problem::{MAX_TENSORS, Problem},
    sparse::{Density, Rules, TileUnits, max_units},
};
use signloop_base::{Result, diagnostics::Problems};
use signloop_machine::accelerator::Accelerator;

/// Evaluates mappings of one problem on one accelerator. Keeps memories of probabilities, so use
/// one a thread (cloning is cheap).
pub struct Evaluator<'a> {
    workspace: Workspace<'a>,
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
        Ok(Self::of(Prepared::new(accelerator, problem, rules, &[])?))
    }

    /// As [`Evaluator::new`], with densities of some tensors (in the problem's order) in place of
    /// the stated ones: those of actual weights, say. Their ranks are the tensor's indices.
    ///
    /// # Errors
    /// As [`Evaluator::new`], or a density has another shape than its tensor.
    pub fn with_densities(
        accelerator: &'a Accelerator,
        problem: &'a Problem,
        rules: Rules,
        densities: &[Option<Density>],
    ) -> Result<Self> {
        Ok(Self::of(Prepared::new(accelerator, problem, rules, densities)?))
    }

    fn of(prepared: Prepared<'a>) -> Self {
        Self { workspace: Workspace::new(prepared), loops: Vec::new(), costs: Costs::default() }
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
        let problem = self.workspace.prepared.problem;
        mapping::check(problem, self.workspace.prepared.levels(), mapping)
            .map_err(Misfit::Mapping)?;
        self.count(mapping)?;
        let score = self.cost();
        Ok(self.report(score))
    }

    /// Accesses of all levels.
    fn count(&mut self, mapping: &Mapping) -> Result<(), Misfit> {
        let prepared = &self.workspace.prepared;
        let levels = prepared.levels();
        self.workspace.nest.set(mapping);
        if !prepared.skips_in_space {
            check_fanout(prepared.accelerator, &self.workspace.nest)?;
        }
        let questions = |tensor: usize| Question {
            index: tensor,
            shape: &prepared.shapes[tensor],
            output: prepared.outputs[tensor],
            multicast: &prepared.multicast,
            fanout: &prepared.fanout,
            rules: prepared.rules,
        };
        for (tensor, counts) in self.workspace.counts[..prepared.tensors()].iter_mut().enumerate() {
            dense::tiles(&self.workspace.nest, mapping, &questions(tensor), counts);
        }
        // Most mappings that a search tries end here.
        for level in 0..levels {
            self.costs.needed[level].0 = check_capacity(prepared, &self.workspace.counts, level)?;
        }
        for (tensor, counts) in self.workspace.counts[..prepared.tensors()].iter_mut().enumerate() {
            dense::tensor(&self.workspace.nest, levels, &questions(tensor), counts);
        }
        if prepared.sparse {
            self.workspace.complete.set(mapping, prepared.problem.dimensions.len());
            for tensor in 0..prepared.tensors() {
                if prepared.formats[tensor].iter().any(Option::is_some) {
                    check_formats(prepared, tensor, &self.workspace.counts[tensor])?;
                    formats::place(
                        &self.workspace.complete,
                        (tensor, &prepared.shapes[tensor]),
                        &prepared.formats[tensor],
                        &self.workspace.counts[tensor],
                        prepared.rules,
                        (&mut self.loops, &mut self.workspace.fibers[tensor]),
                    )?;
                }
            }
            for level in 0..levels {
                self.costs.needed[level].1 = self.check_metadata(level)?;
            }
        }
        if self.workspace.prepared.sparse {
            self.workspace.combine_sparse()
        } else {
            self.workspace.combine_dense()
        }
    }

    /// Metadata bits that the tiles of a level need.
    fn check_metadata(&self, level: usize) -> Result<u64, Misfit> {
        let prepared = &self.workspace.prepared;
        let storage = &prepared.accelerator.levels[level];
        let Some(have) = storage
            .metadata
            .and_then(|store| store.depth?.checked_mul(store.width_bits))
            .map(|bits| usable(bits, storage))
        else {
            return Ok(0);
        };
        let mut need = 0_u64;
        let mut units = TileUnits::default();
        for tensor in 0..prepared.tensors() {
            let count = &self.workspace.counts[tensor][level];
            let Some(fibers) = self.workspace.fibers[tensor][level].as_ref().filter(|_| count.kept)
            else {
                continue;
            };
            max_units(&mut units, fibers, &prepared.densities[tensor], &count.tile, 1.0);
            let word_bits = &prepared.word_bits[tensor][level];
            let held = units.ranks().iter().zip(word_bits);
            for (units, bits) in held.filter(|(own, _)| own.metadata + own.payload > 0.0) {
                let sum = units.metadata.ceil() * bits.metadata as f64
                    + units.payload.ceil() * bits.payload as f64;
                need = need.saturating_add(sum as u64);
            }
        }
        if need > have { Err(Misfit::Metadata { level, need, have }) } else { Ok(need) }
    }

    /// Cycles and energy of the counted accesses.
    fn cost(&mut self) -> Score {
        let prepared = &self.workspace.prepared;
        let (rules, accelerator) = (prepared.rules, prepared.accelerator);
        let combined = &self.workspace.combined;
        let flow = combined.operations;
        let compute_cycles = ceil(flow.busy() / combined.units, rules).max(1.0);
        let compute = &accelerator.compute;
        let mut cycles = compute_cycles;
        let mut energy = flow.actual * compute.energy.actual
            + flow.gated * compute.energy.gated
            + flow.skipped * compute.energy.skipped;
        self.costs.compute_energy = energy;
        self.costs.compute_cycles = compute_cycles as u64;
        for (level, storage) in accelerator.levels.iter().enumerate() {
            let mut demand = Demand::default();
            for tensor in 0..prepared.tensors() {
                let count = &self.workspace.counts[tensor][level];
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
                demand.add((whole(reads), whole(writes)), compute_cycles, rules);
                let ratio = block_ratio(
                    (&prepared.densities[tensor], &count.tile, prepared.compresses(tensor, level)),
                    combined.shares[tensor][level],
                    storage.block_words,
                    rules,
                );
                let own = level_energy(words, &bits, ratio, storage, rules) * instances
                    + (combined.decompressed[level][tensor] * storage.energy.decompress
                        + combined.compressed[level][tensor] * storage.energy.compress)
                        * instances;
                self.costs.energy[level][tensor] = own;
                energy += own;
            }
            let own = ceil(demand.cycles(compute_cycles, storage, rules), rules);
            self.costs.level_cycles[level] = own as u64;
            cycles = cycles.max(own);
        }
        for (level, storage) in accelerator.levels.iter().enumerate() {
            let own = storage.energy.leak_per_cycle * cycles * self.leaking(level);
            self.costs.leak[level] = own;
            energy += own;
        }
        let leak = match rules {
            // Timeloop reads no leakage of compute units.
            Rules::Timeloop => 0.0,
            Rules::Exact => compute.leak_pj_per_cycle * cycles * compute.instances() as f64,
        };
        self.costs.compute_energy += leak;
        energy += leak;
        let score = Score { energy_pj: energy, cycles: cycles as u64 };
        self.costs.score = Some(score);
        score
    }

    /// Instances of a level that leak: all of them, or those that some tensor uses (Timeloop).
    fn leaking(&self, level: usize) -> f64 {
        let workspace = &self.workspace;
        let prepared = &workspace.prepared;
        if prepared.rules == Rules::Exact {
            return prepared.accelerator.levels[level].instances() as f64;
        }
        // A tensor that bypasses a level uses as many instances as it is mapped to.
        let used = |tensor: usize| match workspace.counts[tensor][level].kept {
            true => workspace.combined.instances[level][tensor],
            false => workspace.nest.instances(level) as f64,
        };
        (0..prepared.tensors()).map(used).fold(1.0, f64::max)
    }

    fn report(&self, score: Score) -> Evaluation {
        let prepared = &self.workspace.prepared;
        let combined = &self.workspace.combined;
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
        let count = &self.workspace.counts[tensor][level];
        let combined = &self.workspace.combined;
        TensorCost {
            kept: count.kept,
            tile_words: if count.kept { count.tile.size() } else { 0 },
            mapped_instances: self.workspace.nest.instances(level),
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
}

/// Evaluates one mapping, with what does not fit told as problems of the input.
///
/// # Errors
/// A name is unknown, or the mapping does not cover the problem or does not fit.
pub fn evaluate(
    accelerator: &Accelerator,
    problem: &Problem,
    mapping: &Mapping,
    rules: Rules,
) -> Result<Evaluation> {
    Evaluator::new(accelerator, problem, rules)?.evaluate(mapping).map_err(|misfit| {
        let mut problems = Problems::new();
        misfit.tell(accelerator, problem).into_iter().for_each(|note| problems.push(note));
        problems.into()
    })
}

impl Clone for Evaluator<'_> {
    fn clone(&self) -> Self {
        Self::of(self.workspace.prepared.clone())
    }
}

/// Whole cycles. Expectations carry rounding errors, so that a hair above a cycle is that cycle.
fn ceil(cycles: f64, rules: Rules) -> f64 {
    match rules {
        Rules::Timeloop => cycles.ceil(),
        Rules::Exact => (cycles * (1.0 - 1e-12)).ceil(),
    }
}
