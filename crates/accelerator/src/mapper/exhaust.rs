//! Every mapping of a small space, up to orders that the model cannot tell apart.

use super::{
    Front, Judge, SlotKind, Space,
    factors::splits,
    orders::{MOST_LOOPS, Orders},
    point::{Point, temporal_slot},
};

/// The splits of every dimension over the slots, and the number of mappings to score.
pub(super) struct Plan {
    /// By dimension: factors by slot.
    splits: Vec<Vec<Vec<u64>>>,
    /// Mappings to score.
    pub(super) size: u64,
}

impl Plan {
    /// Lists the splits and counts the mappings; `None` when there are more than `most`.
    pub(super) fn new(space: &Space<'_>, most: u64) -> Option<Self> {
        let lists = usize::try_from(most).unwrap_or(usize::MAX);
        let mut all = Vec::new();
        let mut product = 1_u64;
        for (dimension, own) in space.problem.dimensions.iter().enumerate() {
            let fixed: Vec<Option<u64>> = space
                .slots
                .iter()
                .map(|slot| match slot.fixed[dimension] {
                    None if !slot.allows(dimension) => Some(1),
                    fixed => fixed,
                })
                .collect();
            let limits: Vec<u64> = space.slots.iter().map(|slot| slot.limit).collect();
            let list = splits(own.size, &fixed, &limits, lists)?;
            product = product.checked_mul(list.len() as u64)?;
            // Splits that overflow an array or a level are left out below; a bound on the walk
            // itself keeps the counting short.
            if product > most.saturating_mul(1_000).min(1 << 26) {
                return None;
            }
            all.push(list);
        }
        let mut plan = Self { splits: all, size: 0 };
        let mut orders = Orders::default();
        let mut size = Some(0_u64);
        plan.each(space, None, &mut |point| {
            size = size.and_then(|size| size.checked_add(ways(space, point, &mut orders)?));
            size.is_some_and(|size| size <= most)
        });
        plan.size = size.filter(|size| *size <= most)?;
        Some(plan)
    }

    /// Parts that can be walked apart: the splits of the first dimension.
    pub(super) fn parts(&self) -> usize {
        self.splits.first().map_or(1, Vec::len)
    }

    /// Visits every point (orders and kept sets aside) whose tiles fit with nothing kept but what
    /// must be, while `visit` returns true.
    fn each(
        &self,
        space: &Space<'_>,
        part: Option<usize>,
        visit: &mut dyn FnMut(&mut Point) -> bool,
    ) -> bool {
        let mut point = Point::outermost(space);
        for factors in &mut point.factors {
            factors.fill(1);
        }
        for (level, own) in point.mapping.levels.iter_mut().enumerate() {
            own.keep = space.keep[level];
        }
        self.split(space, part, 0, &mut point, visit)
    }

    fn split(
        &self,
        space: &Space<'_>,
        part: Option<usize>,
        dimension: usize,
        point: &mut Point,
        visit: &mut dyn FnMut(&mut Point) -> bool,
    ) -> bool {
        if dimension == self.splits.len() {
            point.write(space);
            return visit(point);
        }
        let list = &self.splits[dimension];
        let list = match part.filter(|_| dimension == 0) {
            Some(part) => &list[part..=part],
            None => &list[..],
        };
        for split in list {
            for (factors, factor) in point.factors.iter_mut().zip(split) {
                factors[dimension] = *factor;
            }
            // Tiles and arrays only grow with the dimensions that follow.
            if point.fits(space) && !self.split(space, part, dimension + 1, point, visit) {
                return false;
            }
        }
        for factors in &mut point.factors {
            factors[dimension] = 1;
        }
        true
    }
}

/// Dimensions of the loops of a level in time.
fn loops(space: &Space<'_>, point: &Point, level: usize) -> u16 {
    let Some(slot) = temporal_slot(space, level) else { return 0 };
    let factors = point.factors[slot][..space.dimensions()].iter().enumerate();
    factors.fold(0, |set, (dimension, factor)| set | u16::from(*factor > 1) << dimension)
}

/// Orders and kept sets of a point; `None` when some level has too many loops.
fn ways(space: &Space<'_>, point: &Point, orders: &mut Orders) -> Option<u64> {
    let mut ways = 1_u64;
    for level in 0..space.levels() {
        let set = loops(space, point, level);
        if set.count_ones() > MOST_LOOPS {
            return None;
        }
        let own = orders.of(space, level, set).len() as u64;
        ways = ways.checked_mul(own << space.free[level].count_ones())?;
    }
    Some(ways)
}

/// What one part found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) front: Front,
    pub(super) scored: u64,
    pub(super) fitted: u64,
}

/// Scores every mapping of a part. `tick` is told of the mappings scored and ends the walk by
/// returning true.
pub(super) fn walk<J: Judge>(
    plan: &Plan,
    space: &Space<'_>,
    part: usize,
    judge: &mut J,
    tick: &dyn Fn(u64) -> bool,
) -> Found {
    let mut found = Found::default();
    let mut orders = Orders::default();
    let mut told = 0;
    plan.each(space, Some(part), &mut |point| {
        try_orders(space, 0, point, &mut orders, &mut |point| {
            found.scored += 1;
            if let Some(score) = judge.score(&point.mapping) {
                found.fitted += 1;
                found.front.offer(score, &point.mapping);
            }
        });
        let go_on = found.scored - told < 256 || {
            let stop = tick(found.scored - told);
            told = found.scored;
            !stop
        };
        for (level, own) in point.mapping.levels.iter_mut().enumerate() {
            own.keep = space.keep[level];
        }
        go_on
    });
    tick(found.scored - told);
    found
}

fn try_orders(
    space: &Space<'_>,
    level: usize,
    point: &mut Point,
    orders: &mut Orders,
    visit: &mut dyn FnMut(&Point),
) {
    if level == space.levels() {
        visit(point);
        return;
    }
    let set = loops(space, point, level);
    let slot =
        space.slots.iter().position(|slot| slot.level == level && slot.kind == SlotKind::Temporal);
    let list = orders.of(space, level, set).to_vec();
    let free = space.free[level];
    for order in &list {
        for (place, dimension) in point.orders[level].iter_mut().zip(order) {
            *place = *dimension;
        }
        let rest = (0..space.dimensions() as u8).filter(|own| !order.contains(own));
        for (place, dimension) in point.orders[level][order.len()..].iter_mut().zip(rest) {
            *place = dimension;
        }
        if let Some(slot) = slot {
            point.write_slot(space, slot);
        }
        // All subsets of the free tensors, the full set first.
        let mut kept = free;
        loop {
            point.mapping.levels[level].keep = space.keep[level] | kept;
            try_orders(space, level + 1, point, orders, visit);
            if kept == 0 {
                break;
            }
            kept = (kept - 1) & free;
        }
    }
}
