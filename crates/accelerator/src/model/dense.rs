//! Words that move between levels when nothing is zero.

use super::{
    footprint::{Shape, Sizes},
    links::{self, Moved, Tracker},
    nest::{Axis, FlatLoop, Nest},
};
use crate::{
    mapping::{MAX_LEVELS, Mapping},
    problem::MAX_DIMENSIONS,
    sparse::{Rules, Tile},
};

/// One tensor at one level; counts are those of one instance over the whole run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dense {
    /// Whether the level keeps the tensor.
    pub(super) kept: bool,
    /// Next level outwards that keeps it, if any.
    pub(super) parent: Option<u8>,
    /// Next level inwards that keeps it; `None` is the compute units.
    pub(super) child: Option<u8>,
    /// The tile.
    pub(super) tile: Tile,
    /// Words that come to one instance: every step's tile without what the step before left.
    pub(super) delivered: u64,
    /// Words read to be sent inwards.
    pub(super) reads: u64,
    /// Words written that come from outside.
    pub(super) fills: u64,
    /// Words written that come from inside (outputs).
    pub(super) updates: u64,
    /// Words read out when a tile of the output leaves for the level outside (exact rules).
    pub(super) drains: u64,
    /// Additions into words that hold a partial sum.
    pub(super) reductions: u64,
    /// Instances among which one output word's partial sums are spread, each word's first partial
    /// sum going to one of them (exact rules; 1 otherwise).
    pub(super) spread: u64,
}

impl Dense {
    pub(super) fn none() -> Self {
        Self {
            kept: false,
            parent: None,
            child: None,
            tile: Tile::point(1),
            delivered: 0,
            reads: 0,
            fills: 0,
            updates: 0,
            drains: 0,
            reductions: 0,
            spread: 1,
        }
    }
}

/// One tensor, and what of the accelerator its dense counts depend on.
pub(super) struct Question<'a> {
    pub(super) index: usize,
    pub(super) shape: &'a Shape,
    pub(super) output: bool,
    /// Whether a level's reads serve all instances inside that want the same block.
    pub(super) multicast: &'a [bool; MAX_LEVELS],
    /// Array inside each level.
    pub(super) fanout: &'a [(u64, u64); MAX_LEVELS],
    pub(super) rules: Rules,
}

/// The tiles alone, which decide whether a mapping fits.
pub(super) fn tiles(
    nest: &Nest,
    mapping: &Mapping,
    question: &Question<'_>,
    counts: &mut [Dense; MAX_LEVELS],
) {
    for (level, own) in mapping.levels.iter().enumerate() {
        let count = &mut counts[level];
        count.kept = own.keeps(question.index);
        if count.kept {
            count.tile = question.shape.tile(nest.tile(level));
        }
    }
}

/// Dense counts of one tensor at all levels, after its [`tiles`].
pub(super) fn tensor(
    nest: &Nest,
    levels: usize,
    question: &Question<'_>,
    counts: &mut [Dense; MAX_LEVELS],
) {
    let Question { shape, output, rules, .. } = *question;
    let mut child: Option<usize> = None;
    // Words that one instance of the child takes; the compute units take one a step.
    let mut taken = nest.steps;
    let mut positions = 1;
    // Words that a level is asked for, which Timeloop finds as if every level kept the tensor.
    let mut asked = nest.steps;
    for level in 0..levels {
        let served = spread(nest, level, shape, question.multicast[level]);
        positions *= served;
        let moved = linked(nest, level, question);
        let inner = level.checked_sub(1).filter(|inner| counts[*inner].kept);
        if let Some(inner) = inner {
            asked = counts[inner].delivered;
        }
        asked = match moved {
            // What neighbours save of a bypassed tile they save of what is asked for in its place.
            Some(moved) if level > 0 && inner.is_none() && moved.share > 0.0 => {
                (asked as f64 * moved.read as f64 / moved.share).round() as u64
            }
            Some(moved) => moved.read,
            None => asked * served,
        };
        if let (Some(inner), Some(moved)) = (inner, moved.filter(|moved| moved.linked > 0)) {
            let peers = moved.linked / nest.instances(inner).max(1);
            counts[inner].delivered = moved.share.round() as u64;
            counts[inner].fills = counts[inner].delivered + peers;
            counts[inner].reads += peers;
        }
        let inside = child.map_or(0, |child| child + 1);
        let own = &mut counts[level];
        let (kept, tile) = (own.kept, own.tile);
        *own = Dense::none();
        if !kept {
            continue;
        }
        (own.kept, own.tile) = (true, tile);
        own.child = child.map(|child| child as u8);
        own.delivered = delivered(nest.outside(level), (nest.tile(level), tile), shape, rules);
        let content = match rules {
            Rules::Timeloop => asked,
            Rules::Exact if !shape.simple && inside < level => {
                taken * spread_over(nest, inside, level, question, positions)
            }
            Rules::Exact => taken * positions,
        };
        // Fills, first uses and partitions need to know the parent: see below.
        (own.reads, own.updates) = (content, if output { content } else { 0 });
        own.fills = own.delivered;
        if let Some(child) = child {
            counts[child].parent = Some(level as u8);
        }
        child = Some(level);
        taken = counts[level].delivered;
        positions = 1;
    }
    if let Some(outermost) = child {
        counts[outermost].fills = 0;
    }
    if output {
        match rules {
            Rules::Exact => accumulate(nest, shape, counts, levels),
            Rules::Timeloop => accumulate_by_partition(nest, shape, counts, levels),
        }
    }
}

/// Words that a level reads for its spatial loops under Timeloop's rules, where that is not the
/// words of one instance times the different blocks.
fn linked(nest: &Nest, level: usize, question: &Question<'_>) -> Option<Moved> {
    let Question { shape, rules, .. } = *question;
    if rules == Rules::Exact || nest.spatial[level] == (1, 1) {
        return None;
    }
    let all = nest.level(level);
    let spatial = &all[..all.iter().take_while(|own| own.axis != Axis::Time).count()];
    let fanout = question.fanout[level];
    let inside = nest.inside(level);
    let outside = nest.from(level);
    if shape.simple {
        // A tile that moves is never where a neighbour's was: a block of instances moves by
        // more than its own width. Only compute units ask again for what they just had.
        if level > 0 {
            return None;
        }
        let moving = delivered(outside, (inside, shape.tile(inside)), shape, rules);
        let read = links::points(spatial, shape, fanout, (nest.steps, moving));
        return Some(Moved { read, share: 0.0, linked: 0 });
    }
    Some(links::walk(outside, spatial, (shape, shape.tile(inside)), level > 0, fanout))
}

/// Different blocks that the instances inside a level ask for at one time.
fn spread(nest: &Nest, level: usize, shape: &Shape, multicast: bool) -> u64 {
    let (x, y) = nest.spatial[level];
    if x * y == 1 || !multicast {
        return x * y;
    }
    let spatial = || nest.level(level).iter().take_while(|own| own.axis != Axis::Time);
    if shape.simple {
        return spatial().filter(|own| shape.uses(own.dimension)).map(|own| own.bound).product();
    }
    let loops: Vec<(u8, u64, u64)> =
        spatial().map(|own| (own.dimension, own.stride, own.bound)).collect();
    shape.positions(&loops)
}

/// The same for the loops of several levels of which only the outermost keeps the tensor: where
/// one index slides over another, their shifts coincide from level to level.
fn spread_over(
    nest: &Nest,
    inner: usize,
    outer: usize,
    question: &Question<'_>,
    product: u64,
) -> u64 {
    if !question.multicast[inner..=outer].iter().all(|serves| *serves) {
        return product;
    }
    let loops: Vec<(u8, u64, u64)> = (inner..=outer)
        .flat_map(|level| nest.level(level).iter().take_while(|own| own.axis != Axis::Time))
        .map(|own| (own.dimension, own.stride, own.bound))
        .collect();
    question.shape.positions(&loops)
}

fn temporal(loops: &[FlatLoop]) -> impl DoubleEndedIterator<Item = &FlatLoop> {
    loops.iter().filter(|own| own.axis == Axis::Time)
}

/// Words delivered over the whole run to one instance that holds a box of operations' tile, as the
/// loops outside it run.
fn delivered(
    outside: &[FlatLoop],
    (sizes, tile): (&Sizes, Tile),
    shape: &Shape,
    rules: Rules,
) -> u64 {
    if shape.simple {
        // A loop that does not move the tile costs nothing as long as no loop inside it does.
        let moving =
            temporal(outside).skip_while(|own| !shape.uses(own.dimension)).map(|own| own.bound);
        return tile.size() * moving.product::<u64>();
    }
    match rules {
        Rules::Exact => slid(outside, sizes, shape, tile),
        Rules::Timeloop => visited(outside, shape, tile),
    }
}

/// Sum over all steps of the words of a tile that the tile of the step before did not hold.
///
/// When loop j steps, the loops inside it start again: the tile shifts by v_j − Σ (b_i − 1)·v_i
/// over the inner loops i. That happens (b_j − 1) times for every iteration of the loops outside.
fn slid(outside: &[FlatLoop], sizes: &Sizes, shape: &Shape, tile: Tile) -> u64 {
    let mut total = tile.size();
    let mut steps = [0_i64; MAX_DIMENSIONS];
    let mut rest: u64 = temporal(outside).map(|own| own.bound).product();
    for own in temporal(outside) {
        let dimension = usize::from(own.dimension);
        let stride = own.stride as i64;
        rest /= own.bound;
        steps[dimension] += stride;
        let shift = shape.shift(&steps);
        let fresh = tile.size() - shape.shared(sizes, &shift);
        total += fresh * (own.bound - 1) * rest;
        // This loop now stands at its last iteration, and steps back when a loop outside moves.
        steps[dimension] -= stride * own.bound as i64;
    }
    total
}

/// The same as Timeloop sees it: of every loop it runs the first iteration and the second, which
/// stands for all others; and it takes a shifted tile for new unless the shift is the one before.
fn visited(outside: &[FlatLoop], shape: &Shape, tile: Tile) -> u64 {
    let loops: Vec<&FlatLoop> = temporal(outside).collect();
    let mut at = vec![false; loops.len()];
    let mut total = 0;
    let mut tracker = Tracker::default();
    loop {
        let mut steps = [0_i64; MAX_DIMENSIONS];
        let mut weight = 1;
        for (own, second) in loops.iter().zip(&at) {
            if *second {
                steps[usize::from(own.dimension)] += own.stride as i64;
                weight *= own.bound - 1;
            }
        }
        if let Some((low, high)) = tracker.step(&shape.shift(&steps), tile) {
            let extents = (0..shape.ranks()).map(|index| (high[index] - low[index]) as u64);
            total += extents.product::<u64>() * weight;
        }
        // Next combination of first and second iterations, the innermost loop fastest.
        let Some(turn) = at.iter().position(|second| !second) else { return total };
        at[..turn].fill(false);
        at[turn] = true;
    }
}

/// Outputs: the first value of a word needs no partial sum from outside, and none read here.
fn accumulate(nest: &Nest, shape: &Shape, counts: &mut [Dense; MAX_LEVELS], levels: usize) {
    for (level, own) in counts[..levels].iter_mut().enumerate() {
        if !own.kept {
            continue;
        }
        // Words that this instance ever holds: its tile and all temporal loops outside.
        let mut sizes = *nest.tile(level);
        for own in temporal(nest.outside(level)) {
            sizes[usize::from(own.dimension)] *= own.bound;
        }
        let ever = shape.tile(&sizes).size();
        let parent = own.parent.map(usize::from);
        own.reads -= ever;
        own.reductions = own.reads;
        if let Some(parent) = parent {
            own.fills = own.delivered - ever;
            own.drains = own.delivered;
            // Instances that add to the same word: only one of them starts from the partial sum.
            own.spread = (level + 1..=parent)
                .map(|outer| {
                    let (x, y) = nest.spatial[outer];
                    let loops =
                        || nest.level(outer).iter().take_while(|own| own.axis != Axis::Time);
                    let own: u64 = loops()
                        .filter(|own| shape.uses(own.dimension))
                        .map(|own| own.bound)
                        .product();
                    x * y / own.max(1)
                })
                .product();
        }
    }
}

/// The same with Timeloop's partition sizes: whole words by integer division, level by level.
fn accumulate_by_partition(
    nest: &Nest,
    shape: &Shape,
    counts: &mut [Dense; MAX_LEVELS],
    levels: usize,
) {
    let mut partition = shape.tile(nest.tile(levels - 1)).size();
    for level in (0..levels).rev() {
        let size = shape.tile(nest.tile(level)).size();
        if level + 1 < levels {
            let (x, y) = nest.spatial[level + 1];
            let among = if x * y > 1 {
                // The box of the spatial loops of the level outside.
                let mut sizes = *nest.tile(level);
                for own in nest.level(level + 1).iter().take_while(|own| own.axis != Axis::Time) {
                    sizes[usize::from(own.dimension)] *= own.bound;
                }
                shape.tile(&sizes).size()
            } else {
                size
            };
            partition = partition * size / among.max(1);
        }
        let own = &mut counts[level];
        if !own.kept {
            continue;
        }
        own.reads = own.updates.saturating_sub(partition);
        own.reductions = own.reads;
        if own.parent.is_some() {
            own.fills = own.delivered.saturating_sub(partition);
        }
    }
}
