//! Dense counts, formats and savings together.

use super::{
    compute::{self, Operand, Units},
    dense::Dense,
    exact::{self, Useless},
    flow::{Flow, Words},
    misfit::Misfit,
    saf::{self, Occupancy, Savings},
    setting::Setting,
    spatial::{self, Need, Spatial},
    timeloop,
    workspace::Workspace,
};
use crate::{
    mapping::MAX_LEVELS,
    problem::MAX_TENSORS,
    sparse::{Density, Rules, Tile, expected_units},
};
use signloop_machine::accelerator::Accelerator;

impl Workspace<'_> {
    /// Nothing is left out: every dense access is done.
    pub(super) fn combine_dense(&mut self) -> Result<(), Misfit> {
        let combined = &mut self.combined;
        for level in 0..self.prepared.levels() {
            let instances = self.nest.instances(level) as f64;
            for tensor in 0..self.prepared.tensors() {
                let count = &self.counts[tensor][level];
                if !count.kept {
                    continue;
                }
                combined.instances[level][tensor] = instances;
                combined.reductions[level][tensor] = count.reductions as f64;
                combined.words[level][tensor] = Words {
                    read: Flow::of((count.reads + count.drains) as f64),
                    fill: Flow::of(count.fills as f64 / count.spread as f64),
                    update: Flow::of(count.updates as f64),
                };
            }
        }
        let units = self.nest.units();
        combined.operations = Flow::of((self.nest.steps * units) as f64);
        combined.units = units as f64;
        Ok(())
    }

    pub(super) fn combine_sparse(&mut self) -> Result<(), Misfit> {
        let levels = self.prepared.levels();
        let tensors = self.prepared.tensors();
        let rules = self.prepared.rules;
        let mut occupancy: Occupancy = [[(0.0, 0.0); MAX_TENSORS]; MAX_LEVELS];
        let mut stored = [[false; MAX_TENSORS]; MAX_LEVELS];
        for (level, stored) in stored[..levels].iter_mut().enumerate() {
            for (tensor, stored) in stored[..tensors].iter_mut().enumerate() {
                *stored = self.counts[tensor][level].kept
                    && self.prepared.formats[tensor][level].is_some();
            }
        }
        for (level, occupancy) in occupancy[..levels].iter_mut().enumerate() {
            for (tensor, occupancy) in occupancy[..tensors].iter_mut().enumerate() {
                *occupancy = self.represent(tensor, level, &stored);
            }
        }
        let expansion = expansion(&self.nest.spatial, levels);
        let setting = Setting {
            complete: &self.complete,
            shapes: &self.prepared.shapes,
            densities: &self.prepared.densities,
            problem_sizes: &self.prepared.sizes[..self.prepared.problem.dimensions.len()],
            rules,
        };
        let features = &self.prepared.features;
        let mut savings: Savings = [[None; MAX_TENSORS]; MAX_LEVELS];
        saf::savings(
            &mut savings,
            &setting,
            &mut self.memo,
            (features, &self.prepared.prices),
            (&self.counts, &occupancy),
        )?;
        let mut units = self.nest.units() as f64;
        let mut shares = [[None; MAX_TENSORS]; MAX_LEVELS];
        if self.prepared.skips_in_space {
            let space = spatial::skip(
                &setting,
                &mut self.memo,
                features,
                &expansion,
                &self.counts,
                &stored,
            );
            check_fanout(self.prepared.accelerator, &space, tensors)?;
            units = self.thin(&space, tensors);
            shares = space.shares;
        }
        self.flow(&savings, &shares, units);
        Ok(())
    }

    /// Units, shares and instances of a tensor at a level; returns its words and metadata units.
    fn represent(
        &mut self,
        tensor: usize,
        level: usize,
        stored: &[[bool; MAX_TENSORS]; MAX_LEVELS],
    ) -> (f64, f64) {
        let count = &self.counts[tensor][level];
        self.combined.shares[tensor][level] = 1.0;
        if !count.kept {
            self.units[tensor][level] = None;
            return (0.0, 0.0);
        }
        let density = &self.prepared.densities[tensor];
        let rules = self.prepared.rules;
        let nonempty = count.parent.is_some_and(|parent| stored[usize::from(parent)][tensor]);
        let size = count.tile.size() as f64;
        let (mut absent, mut units_sum) = (0.0, 0.0);
        let words;
        if stored[level][tensor]
            && let Some(fibers) = &self.fibers[tensor][level]
        {
            // Written where it stays: units are large.
            let units = self.units[tensor][level].get_or_insert_default();
            expected_units(units, &mut self.memo, fibers, density, (&count.tile, nonempty));
            units_sum = units.ranks().iter().map(|rank| rank.metadata + rank.payload).sum();
            absent = units.p_absent;
            words = units.nonzeros;
        } else {
            self.units[tensor][level] = None;
            if nonempty && density.min_occupancy(&count.tile) == 0 {
                absent = absent_share(density, &count.tile);
            }
            words = density.expected(&count.tile) / (1.0 - absent).max(f64::MIN_POSITIVE);
        }
        let instances = self.nest.instances(level) as f64;
        let combined = &mut self.combined;
        match rules {
            Rules::Timeloop => {
                combined.shares[tensor][level] = words / size;
                combined.instances[level][tensor] = instances * (1.0 - absent);
                combined.spare[level][tensor] = 1.0 / (1.0 - absent);
            }
            Rules::Exact => {
                combined.shares[tensor][level] = density.expected(&count.tile) / size;
                combined.instances[level][tensor] = instances;
                combined.spare[level][tensor] = 1.0;
            }
        }
        (words, units_sum)
    }

    /// Takes spatial skipping off the instances; returns the units in use.
    fn thin(&mut self, space: &Spatial, tensors: usize) -> f64 {
        let mut units = 0.0_f64;
        for (tensor, need) in space.needs[..tensors].iter().enumerate() {
            units = units.max(self.nest.units() as f64 * need.busy[0]);
            for level in 0..self.prepared.levels() {
                let mut busy = need.busy[level + 1];
                if self.prepared.rules == Rules::Exact && self.units[tensor][level].is_some() {
                    // The words of a compressed tile are an average over all lanes: those that its
                    // own zeros leave empty are in it already.
                    busy /= space.own[tensor].busy[level + 1].max(f64::MIN_POSITIVE);
                }
                let instances = self.nest.instances(level) as f64 * busy;
                let (x, y) = need.most[level + 1];
                self.combined.instances[level][tensor] = instances;
                self.combined.spare[level][tensor] = x * y / instances.max(f64::MIN_POSITIVE);
            }
        }
        units
    }

    /// Accesses and operations after all savings.
    fn flow(
        &mut self,
        savings: &Savings,
        spatial: &[[Option<f64>; MAX_TENSORS]; MAX_LEVELS],
        units: f64,
    ) {
        let prepared = &self.prepared;
        let levels = prepared.levels();
        let all = (self.nest.steps * self.nest.units()) as f64;
        let combined = &mut self.combined;
        let mut left = all;
        let nothing = Operand { density: 1.0, knows_zeros: false, useless: None };
        let (mut operands, mut operand_count) = ([nothing; MAX_TENSORS], 0);
        for tensor in (0..prepared.tensors()).filter(|tensor| !prepared.outputs[*tensor]) {
            operands[operand_count] = operand(prepared, tensor, &self.counts[tensor]);
            operand_count += 1;
        }
        let operands = &mut operands[..operand_count];
        let mut useless = [Useless::default(); MAX_TENSORS];
        let mut at = 0;
        for tensor in 0..prepared.tensors() {
            let what = timeloop::Tensor {
                index: tensor,
                output: prepared.outputs[tensor],
                counts: &self.counts[tensor],
                units: &self.units[tensor],
                shares: &combined.shares[tensor],
            };
            match prepared.rules {
                Rules::Timeloop => {
                    let share = timeloop::combine(
                        &what,
                        levels,
                        savings,
                        spatial,
                        &mut combined.words,
                        &mut combined.ranks,
                        &mut combined.reductions,
                    );
                    left -= share.map_or(0.0, |share| (left * share).floor());
                    if !what.output {
                        operands[at].useless = share;
                    }
                }
                Rules::Exact => {
                    let mut own = exact::combine(
                        &what,
                        levels,
                        savings,
                        &mut combined.words,
                        &mut combined.ranks,
                        &mut combined.reductions,
                    );
                    let in_space = spatial[..levels].iter().find_map(|level| level[tensor]);
                    own.skipped = own.skipped.max(in_space.unwrap_or(0.0));
                    if !what.output {
                        useless[at] = own;
                    }
                }
            }
            at += usize::from(!what.output);
        }
        let compute = &prepared.accelerator.compute;
        let how = Units { gates: compute.gates, skips: compute.skips };
        let mut saved = Flow::of(left);
        if prepared.rules == Rules::Exact {
            saved = compute::without_useless(left, operands, &useless, how);
        }
        combined.operations = compute::split(saved.actual, operands, how, prepared.rules);
        combined.operations.skipped += saved.skipped;
        combined.operations.gated += saved.gated;
        combined.units = units;
        self.decompress();
    }

    /// Words that a level without compression takes from one with it, and hands to it.
    fn decompress(&mut self) {
        let prepared = &self.prepared;
        let levels = prepared.levels();
        let combined = &mut self.combined;
        for tensor in 0..prepared.tensors() {
            for level in 0..levels {
                combined.decompressed[level][tensor] = 0.0;
                combined.compressed[level][tensor] = 0.0;
                let count = &self.counts[tensor][level];
                let parent = count.parent.map(usize::from).filter(|parent| {
                    count.kept
                        && !prepared.compresses(tensor, level)
                        && prepared.compresses(tensor, *parent)
                });
                let Some(parent) = parent else { continue };
                combined.decompressed[level][tensor] = combined.words[level][tensor].fill.actual;
                if !prepared.outputs[tensor] {
                    continue;
                }
                let taken = combined.words[parent][tensor].update.actual;
                combined.compressed[level][tensor] = match prepared.rules {
                    // As many for one instance as all of them hand out.
                    Rules::Timeloop => taken,
                    Rules::Exact => {
                        taken * combined.instances[parent][tensor]
                            / combined.instances[level][tensor].max(f64::MIN_POSITIVE)
                    }
                };
            }
        }
    }
}

fn operand(
    prepared: &super::prepared::Prepared<'_>,
    tensor: usize,
    counts: &[Dense; MAX_LEVELS],
) -> Operand {
    let density = &prepared.densities[tensor];
    let innermost = counts[..prepared.levels()].iter().position(|count| count.kept);
    Operand {
        density: density.expected(&Tile::point(density.tensor().ranks())),
        knows_zeros: innermost.is_some_and(|level| prepared.formats[tensor][level].is_some()),
        useless: None,
    }
}

/// Probability of the least occupancy that is possible, which Timeloop takes for that of no
/// nonzero at all.
fn absent_share(density: &Density, tile: &Tile) -> f64 {
    match density.rules() {
        Rules::Exact => density.p_empty(tile),
        Rules::Timeloop => {
            let least = (density.nonzeros() + tile.size()).saturating_sub(density.tensor().size());
            let least = if density.name() == "uniform" { least } else { 0 };
            density.probability(tile, least)
        }
    }
}

/// Instances along X and Y that the mapping uses: entry 0 of compute units, l + 1 of level l.
fn expansion(spatial: &[(u64, u64); MAX_LEVELS], levels: usize) -> [(u64, u64); MAX_LEVELS + 1] {
    let mut expansion = [(1, 1); MAX_LEVELS + 1];
    for level in (0..levels).rev() {
        let (x, y) = expansion[level + 1];
        expansion[level] = (x * spatial[level].0, y * spatial[level].1);
    }
    expansion
}

/// The arrays must hold what is left after skipping.
fn check_fanout(accelerator: &Accelerator, space: &Spatial, tensors: usize) -> Result<(), Misfit> {
    for level in 0..accelerator.levels.len() {
        let (have_x, have_y) = accelerator.fanout(level);
        for Need { most, .. } in &space.needs[..tensors] {
            let (inner, outer) = (most[level], most[level + 1]);
            let (x, y) = ((inner.0 / outer.0).floor(), (inner.1 / outer.1).floor());
            if x > have_x as f64 {
                return Err(Misfit::Fanout { level, axis: 'x', need: x as u64, have: have_x });
            }
            if y > have_y as f64 {
                return Err(Misfit::Fanout { level, axis: 'y', need: y as u64, have: have_y });
            }
        }
    }
    Ok(())
}
