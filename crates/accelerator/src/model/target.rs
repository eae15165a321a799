//! What one access of a follower serves, and the leader's words that are used meanwhile.

use super::{
    complete::{Complete, PlacedLoop},
    footprint::{Shape, Sizes},
    setting::Setting,
};
use crate::{
    problem::MAX_DIMENSIONS,
    sparse::{Comb, Rules},
};

/// The loop whose iterations the follower's accesses are, and the loops above that keep them.
pub(super) struct Target {
    /// Dimension of the target loop.
    dimension: u8,
    /// Box of operations that one access serves, the target loop's own iterations included.
    own: Sizes,
    /// The same with the loops during which that block stays where it is.
    around: Sizes,
    /// Dimensions and bounds of the target loop and of those above it that count.
    relevant: SmallLoops,
    spatial: bool,
    /// Whether an access serves one operation: the innermost loop is temporal.
    scalar: bool,
}

/// Most loops that are kept without the heap; a mapping with more of them is rare.
const FEW: usize = 8;

/// A short list of dimensions and bounds.
#[derive(Default)]
struct SmallLoops {
    few: [(u8, u64); FEW],
    len: usize,
    /// All of them, once there are more than a few.
    many: Vec<(u8, u64)>,
}

impl SmallLoops {
    fn push(&mut self, own: (u8, u64)) {
        if self.len == FEW && self.many.is_empty() {
            self.many.extend_from_slice(&self.few);
        }
        match self.few.get_mut(self.len) {
            Some(slot) => *slot = own,
            None => self.many.push(own),
        }
        self.len += 1;
    }

    fn as_slice(&self) -> &[(u8, u64)] {
        if self.len > FEW { &self.many } else { &self.few[..self.len] }
    }
}

impl Target {
    /// Shows the loops, innermost first, whose iterations one access serves besides its own.
    pub(super) fn find(
        complete: &Complete,
        shape: &Shape,
        (level, child): (usize, Option<usize>),
        rules: Rules,
        mut kept: impl FnMut(&PlacedLoop),
    ) -> Self {
        let innermost = child.map_or(0, |child| child + 1);
        let mut found: Option<(usize, usize, bool)> = None;
        'levels: for at in innermost..=level {
            let loops = complete.level(at);
            for (index, own) in loops.iter().enumerate() {
                let moves = own.bound > 1 && shape.uses(own.dimension);
                if child.is_some() {
                    if moves {
                        found = Some((at, index, false));
                        break 'levels;
                    }
                    continue;
                }
                // Below the innermost storage every operation is an access: the block is what the
                // spatial loops inside it span.
                let next_spatial = loops.get(index + 1).is_some_and(PlacedLoop::is_spatial);
                if !next_spatial || moves {
                    found = Some((at, index, !next_spatial && !own.is_spatial()));
                    break 'levels;
                }
            }
        }
        let last = complete.level(level).len().saturating_sub(1);
        let (at, index, scalar) = found.unwrap_or((level, last, false));
        let target = complete.level(at)[index];
        let own = if scalar { [1; MAX_DIMENSIONS] } else { target.sizes };
        let spatial = target.is_spatial();
        let mut around = own;
        let mut relevant = SmallLoops::default();
        relevant.push((target.dimension, target.bound));
        // A spatial block stays until a temporal loop outside moves it.
        let mut moved = !spatial;
        for outer in at..=level {
            let from = if outer == at { index + 1 } else { 0 };
            for loop_above in &complete.level(outer)[from..] {
                if loop_above.bound == 1 {
                    continue;
                }
                let moves = child.is_none() || shape.uses(loop_above.dimension);
                let stays = !moved && !loop_above.is_spatial() && !moves;
                if loop_above.is_spatial() || stays {
                    kept(loop_above);
                    around[usize::from(loop_above.dimension)] *= loop_above.bound;
                    relevant.push((loop_above.dimension, loop_above.bound));
                }
                if spatial && !loop_above.is_spatial() && moves {
                    moved = true;
                }
            }
        }
        let stays = child.is_some() && (found.is_none() || !moved);
        if stays && rules == Rules::Exact {
            // Nothing at this level moves the block away: it stays while the levels outside step,
            // until one of their loops moves it. Timeloop does not look there.
            for loop_above in complete.outside(level).filter(|own| !own.is_spatial()) {
                if shape.uses(loop_above.dimension) && loop_above.bound > 1 {
                    break;
                }
                kept(loop_above);
                around[usize::from(loop_above.dimension)] *= loop_above.bound;
            }
        }
        Self { dimension: target.dimension, own, around, relevant, spatial, scalar }
    }

    /// Box of operations of the leader's tile; `None` where the leader saves nothing.
    pub(super) fn leader_box(
        &self,
        setting: &Setting<'_>,
        (follower, leader): (usize, usize),
        block_words: u64,
    ) -> Option<Sizes> {
        let (follower, leader) = (&setting.shapes[follower], &setting.shapes[leader]);
        let shared = follower.dimensions & leader.dimensions;
        // Iterations of loops that walk both tensors together, by dimension.
        let mut together = [1_u64; MAX_DIMENSIONS];
        let mut walked = 0_u32;
        // One operation is no iteration of the target loop. Timeloop then divides by no loop at all.
        let relevant = match (self.scalar, setting.rules) {
            (false, _) => self.relevant.as_slice(),
            (true, Rules::Exact) => &self.relevant.as_slice()[1..],
            (true, Rules::Timeloop) => &[],
        };
        for (dimension, bound) in relevant {
            if setting.rules == Rules::Timeloop
                && self.spatial
                && walked != 0
                && leader.uses(*dimension)
            {
                // The leader would be walked against its order, says Timeloop; the instances of
                // an array have none.
                return None;
            }
            if shared >> dimension & 1 == 1 {
                together[usize::from(*dimension)] *= bound;
                walked |= 1 << dimension;
            }
        }
        let mut sizes = self.around;
        let words = follower.tile(&self.own).size();
        match setting.rules {
            Rules::Exact => {
                // Few dimensions are walked together, and divisions are slow.
                let mut left = walked;
                while left != 0 {
                    let dimension = left.trailing_zeros() as usize;
                    left &= left - 1;
                    sizes[dimension] = sizes[dimension].div_ceil(together[dimension]);
                }
                // Whole blocks are saved: the leader's tile spans the steps that one block serves.
                let (dimension, bound) = self.relevant.as_slice()[0];
                let walks = walked >> dimension & 1 == 1;
                let step = words / if walks && !self.scalar { bound } else { 1 };
                sizes[usize::from(dimension)] *= block_words.div_ceil(step.max(1));
                for (size, whole) in sizes.iter_mut().zip(setting.problem_sizes) {
                    *size = (*size).min(*whole);
                }
            }
            Rules::Timeloop => self.grow(&mut sizes, &together, walked, words, block_words),
        }
        Some(sizes)
    }

    /// The leader's tile of those `sizes`, where loops that one access does not serve lie inside
    /// such that it does (`kept`), so that its rows lie apart; `None` where it is a box, or where
    /// an index of the leader is a sum.
    pub(super) fn comb(
        &self,
        setting: &Setting<'_>,
        (follower, leader): (usize, usize),
        sizes: &Sizes,
        kept: &[PlacedLoop],
    ) -> Option<Comb> {
        let (follower, leader) = (&setting.shapes[follower], &setting.shapes[leader]);
        let mut comb = Comb::default();
        for (rank, dimension) in leader.simple_ranks()?.enumerate() {
            let place = usize::from(dimension);
            let shared = follower.uses(dimension);
            let (_, bound) = self.relevant.as_slice()[0];
            let walked = shared && !self.scalar && dimension == self.dimension;
            comb.push(rank, 1, self.own[place] / if walked { bound } else { 1 });
            // Steps of loops that walk both tensors bring another block each.
            for own in kept.iter().filter(|own| own.dimension == dimension && !shared) {
                comb.push(rank, own.sizes[place] / own.bound, own.bound);
            }
            if comb.extent(rank) != sizes[place] {
                // Whole blocks are saved, and those are boxes.
                return None;
            }
        }
        comb.is_apart().then_some(comb)
    }

    /// As Timeloop divides and grows the leader's box: by all shared loops at once, also those
    /// that the follower's box does not hold, and once more along one that does not iterate.
    fn grow(
        &self,
        sizes: &mut Sizes,
        together: &[u64; MAX_DIMENSIONS],
        walked: u32,
        words: u64,
        block_words: u64,
    ) {
        let all: u64 = together.iter().product();
        let mut grow = (block_words as f64 / (words as f64 / all as f64)).ceil();
        for (dimension, (size, bound)) in sizes.iter_mut().zip(together).enumerate() {
            if walked >> dimension & 1 == 1 {
                *size = (*size as f64 / (*bound as f64 / grow)).ceil() as u64;
                grow /= *bound as f64;
            }
        }
        if grow > 1.0 {
            let size = &mut sizes[usize::from(self.dimension)];
            *size = (*size as f64 * grow) as u64;
        }
    }
}
