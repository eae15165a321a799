//! Useless accesses of a window that slides, where the places of the leader's zeros are known.
//!
//! A step brings the words that the window did not hold, and how many these are depends on the loop
//! that stepped: the first window is whole, the next adds an edge. So the leader's tiles are counted
//! apart for every loop. A level decides when it sends, by the leader's tile of the steps until
//! something new comes; words that stay in the window are not asked for again.

use std::collections::BTreeMap;

use super::{
    complete::PlacedLoop,
    footprint::{Shape, Sizes},
    setting::Setting,
    useless_share::Share,
};
use crate::{
    problem::{MAX_DIMENSIONS, MAX_INDICES},
    sparse::{Comb, Rules, Shift, Slide, Stand, Step},
};

/// Most instances whose windows are compared.
const MOST_INSTANCES: u64 = 1 << 12;

/// Blocks that the steps of one loop bring.
struct Group {
    /// Words of a block.
    words: u64,
    /// Blocks of one instance.
    blocks: f64,
    /// Iterations of the temporal loops.
    stand: Vec<Stand>,
    /// The temporal loop whose step comes next and brings nothing, so that the block serves on.
    next: Option<usize>,
}

/// The loops around the level that a follower's blocks go to, innermost first.
struct Around<'a> {
    /// Box of operations of that level.
    sizes: Sizes,
    time: Vec<&'a PlacedLoop>,
    /// Words that a step of each temporal loop brings.
    fresh: Vec<u64>,
    /// The temporal loops before this one bring nothing.
    first: usize,
    /// Spatial loops whose instances share a block.
    shared: Vec<&'a PlacedLoop>,
    /// Spatial loops that move the follower.
    apart: Vec<&'a PlacedLoop>,
    /// Spatial loops outside the sending level.
    outside: Vec<&'a PlacedLoop>,
}

/// Shares for which a leader's tile is empty; `None` where no window slides, or the places of a leader's zeros are not known.
pub(super) fn useless(
    setting: &Setting<'_>,
    (follower, leaders): (usize, &[usize]),
    (level, child): (usize, Option<usize>),
) -> Option<Share> {
    let shape = &setting.shapes[follower];
    let known = |leader: &usize| {
        setting.densities[*leader].is_actual() && setting.shapes[*leader].simple_ranks().is_some()
    };
    if setting.rules != Rules::Exact || shape.simple || !leaders.iter().all(known) {
        return None;
    }
    let around = Around::of(setting, shape, (level, child))?;
    let tile = shape.tile(&around.sizes).size();
    if leaders.iter().all(|leader| around.is_even(shape, &setting.shapes[*leader], tile)) {
        return None;
    }
    let groups = match child {
        Some(_) => around.groups(tile),
        // The units keep nothing: every step brings its word.
        None => {
            let stand = vec![Stand::Any; around.time.len()];
            vec![Group { words: 1, blocks: 1.0, stand, next: None }]
        }
    };
    // Shares of the blocks, and of the instances that they go to, with something to do.
    let mut wanted = vec![(1.0, 1.0); groups.len()];
    for leader in leaders {
        let slide = around.slide(shape, &setting.shapes[*leader], &groups)?;
        let shares = setting.densities[*leader].empty_slides(&slide)?;
        for (wanted, empty) in wanted.iter_mut().zip(shares.iter()) {
            wanted.0 *= 1.0 - empty.blocks;
            wanted.1 *= 1.0 - empty.instances;
        }
    }
    let (mut words, mut fills, mut steps) = ((0.0, 0.0), 0.0, (0.0, 0.0));
    for (group, wanted) in groups.iter().zip(wanted) {
        let own = group.words as f64 * group.blocks;
        words = (words.0 + own * (1.0 - wanted.0), words.1 + own);
        fills += own * (1.0 - wanted.1);
        let own = group.blocks * if group.next.is_some() { 2.0 } else { 1.0 };
        steps = (steps.0 + own * (1.0 - wanted.1), steps.1 + own);
    }
    Some(Share {
        accesses: words.0 / words.1,
        fills: fills / words.1,
        operations: steps.0 / steps.1,
    })
}

impl<'a> Around<'a> {
    fn of(
        setting: &Setting<'a>,
        shape: &Shape,
        (level, child): (usize, Option<usize>),
    ) -> Option<Self> {
        let complete = setting.complete;
        let moves = |own: &&PlacedLoop| own.bound > 1;
        let inside =
            || complete.levels(child.map_or(0, |child| child + 1), level).iter().filter(moves);
        let outside = || complete.outside(level).filter(moves);
        let time: Vec<&PlacedLoop> =
            inside().chain(outside()).filter(|own| !own.is_spatial()).collect();
        let (sizes, fresh, first) = match child {
            Some(child) => {
                let sizes = complete.level(child).last()?.sizes;
                let fresh = fresh(&time, &sizes, shape);
                let first = fresh.iter().take_while(|words| **words == 0).count();
                (sizes, fresh, first)
            }
            None => ([1; MAX_DIMENSIONS], Vec::new(), 0),
        };
        let space = || inside().filter(|own| own.is_spatial());
        Some(Self {
            sizes,
            time,
            fresh,
            first,
            shared: space().filter(|own| !shape.uses(own.dimension)).collect(),
            apart: space().filter(|own| shape.uses(own.dimension)).collect(),
            outside: outside().filter(|own| own.is_spatial()).collect(),
        })
    }

    /// Whether all blocks have as many words and go to one instance each, or meet the same of the
    /// leader: then the mean over its tiles is exact, and sooner found.
    fn is_even(&self, shape: &Shape, leader: &Shape, tile: u64) -> bool {
        let moves = |own: &&&PlacedLoop| leader.uses(own.dimension);
        let stays = self.time[self.first..].iter().chain(&self.outside).find(moves).is_none();
        let whole = self.fresh.iter().skip(self.first).all(|words| *words == tile);
        let apart: Vec<(u8, u64, u64)> =
            self.apart.iter().map(|own| (own.dimension, stride(own), own.bound)).collect();
        let instances = apart.iter().map(|(_, _, bound)| bound).product::<u64>();
        (whole || stays) && shape.positions(&apart) == instances
    }

    /// All blocks that come, by the loop whose step brings them.
    fn groups(&self, tile: u64) -> Vec<Group> {
        let loops = self.time.len();
        let bound = |at: usize| self.time[at].bound as f64;
        let beyond = |at: usize| (at + 1..loops).map(bound).product::<f64>();
        let stand = |inner: Stand, at: usize, own: Stand| {
            let mut stand = vec![inner; at];
            stand.push(own);
            stand.resize(loops, Stand::Any);
            stand
        };
        let mut groups =
            vec![Group { words: tile, blocks: 1.0, stand: vec![Stand::First; loops], next: None }];
        for (at, words) in self.fresh.iter().copied().enumerate().filter(|(_, words)| *words > 0) {
            let mut add = |blocks: f64, stand: Vec<Stand>, next: Option<usize>| {
                groups.push(Group { words, blocks, stand, next });
            };
            let silent = |at: &usize| self.fresh[*at] == 0;
            if at > self.first || !(at + 1..loops).any(|outer| silent(&outer)) {
                let blocks = (bound(at) - 1.0) * beyond(at);
                add(blocks, stand(Stand::First, at, Stand::NotFirst), None);
                continue;
            }
            // Only the last block of the innermost of these loops is followed by another's step.
            if bound(at) > 2.0 {
                let blocks = (bound(at) - 2.0) * beyond(at);
                add(blocks, stand(Stand::First, at, Stand::Between), None);
            }
            for outer in at + 1..loops {
                let blocks = (bound(outer) - 1.0) * beyond(outer);
                let next = Some(outer).filter(silent);
                add(blocks, stand(Stand::Last, outer, Stand::NotLast), next);
            }
            add(1.0, vec![Stand::Last; loops], None);
        }
        groups
    }

    /// The leader's words that the blocks of all groups meet; `None` if there are too many.
    fn slide(&self, shape: &Shape, leader: &Shape, groups: &[Group]) -> Option<Slide> {
        let mut rank_of = [None; MAX_DIMENSIONS];
        for (rank, dimension) in leader.simple_ranks()?.enumerate() {
            rank_of[usize::from(dimension)] = Some(rank as u8);
        }
        let moved = |own: &PlacedLoop| {
            rank_of[usize::from(own.dimension)].map(|rank| (rank, stride(own), own.bound))
        };
        let mut served: Vec<(u8, u64, u64)> = self.time[..self.first]
            .iter()
            .chain(&self.shared)
            .filter_map(|own| moved(own))
            .collect();
        // In the order of the nest, which is that of a rank's strides.
        served.sort_by_key(|(_, stride, _)| *stride);
        let mut comb = Comb::default();
        for (rank, dimension) in leader.simple_ranks()?.enumerate() {
            comb.push(rank, 1, self.sizes[usize::from(dimension)]);
        }
        for (rank, stride, bound) in served {
            comb.push(usize::from(rank), stride, bound);
        }
        let steps = groups
            .iter()
            .map(|group| {
                let time = self.time.iter().zip(&group.stand).skip(self.first);
                let time = time.filter(|(own, _)| moved(own).is_some()).map(|(_, stand)| *stand);
                let space = self.outside.iter().filter_map(|own| moved(own)).map(|_| Stand::Any);
                let also = group.next.map(|next| {
                    let mut shift = Shift::default();
                    for (at, own) in self.time.iter().enumerate().take(next + 1).skip(self.first) {
                        if let Some((rank, stride, bound)) = moved(own) {
                            let back = if at == next { -1 } else { bound as i64 - 1 };
                            shift[usize::from(rank)] -= back * stride as i64;
                        }
                    }
                    shift
                });
                Step { stand: time.chain(space).collect(), also }
            })
            .collect();
        let loops = self.time[self.first..].iter().chain(&self.outside);
        let slide = Slide {
            comb,
            ranks: leader.ranks(),
            loops: loops.filter_map(|own| moved(own)).collect(),
            blocks: self.blocks(shape, moved)?,
            steps,
        };
        slide.fits().map(|()| slide)
    }

    /// The leader's shifts of the instances that get one block at one time, for every block:
    /// windows of different instances may be the same.
    fn blocks(
        &self,
        shape: &Shape,
        moved: impl Fn(&PlacedLoop) -> Option<(u8, u64, u64)>,
    ) -> Option<Vec<Vec<Shift>>> {
        if self.apart.iter().all(|own| moved(own).is_none()) {
            return Some(vec![vec![Shift::default()]]);
        }
        let instances =
            self.apart.iter().try_fold(1_u64, |product, own| product.checked_mul(own.bound))?;
        if instances > MOST_INSTANCES {
            return None;
        }
        let mut windows: BTreeMap<[i64; MAX_INDICES], Vec<Shift>> = BTreeMap::new();
        for instance in 0..instances {
            let (mut rest, mut steps) = (instance, [0_i64; MAX_DIMENSIONS]);
            let mut shift = Shift::default();
            for own in &self.apart {
                let at = (rest % own.bound) as i64;
                rest /= own.bound;
                steps[usize::from(own.dimension)] += at * stride(own) as i64;
                if let Some((rank, stride, _)) = moved(own) {
                    shift[usize::from(rank)] += at * stride as i64;
                }
            }
            windows.entry(shape.shift(&steps)).or_default().push(shift);
        }
        Some(windows.into_values().collect())
    }
}

/// Operations that one iteration shifts the box by, along the loop's dimension.
fn stride(own: &PlacedLoop) -> u64 {
    own.sizes[usize::from(own.dimension)] / own.bound
}

/// Words of the tile that the one before did not hold when each loop steps and those inside it
/// start again.
fn fresh(time: &[&PlacedLoop], sizes: &Sizes, shape: &Shape) -> Vec<u64> {
    let tile = shape.tile(sizes).size();
    let mut steps = [0_i64; MAX_DIMENSIONS];
    time.iter()
        .map(|own| {
            let (dimension, stride) = (usize::from(own.dimension), stride(own) as i64);
            steps[dimension] += stride;
            let shared = shape.shared(sizes, &shape.shift(&steps));
            steps[dimension] -= stride * own.bound as i64;
            tile - shared
        })
        .collect()
}
