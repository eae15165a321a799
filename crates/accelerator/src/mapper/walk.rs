//! Simulated annealing of one island.

use std::sync::atomic::{AtomicBool, Ordering};

use rand_core::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{
    Front, Judge, SlotKind, Space,
    point::{Move, Point, temporal_slot},
};
use crate::model::Score;

/// What an island looks for: energy and cycles to these powers, multiplied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim {
    pub(super) energy: i32,
    pub(super) cycles: i32,
}

impl Aim {
    pub(super) fn cost(self, score: &Score) -> f64 {
        score.energy_pj.powi(self.energy) * (score.cycles as f64).powi(self.cycles)
    }
}

/// Acceptance falls from steps that cost a third more to such that cost a thousandth more.
const HOT: f64 = 0.3;
const COLD: f64 = 0.001;

/// Evaluations between two looks at the clock.
const PATIENCE: u64 = 128;

/// One island's search.
pub(super) struct Walk<'s, 'a, J> {
    space: &'s Space<'a>,
    judge: J,
    random: Xoshiro256PlusPlus,
    pub(super) front: Front,
    /// Mappings scored, and those that fitted.
    pub(super) scored: u64,
    pub(super) fitted: u64,
    /// Dimensions with open factors, each as often as it has some.
    movable: Vec<(usize, u64)>,
    /// Level and tensor of every choice to keep or pass.
    choices: Vec<(usize, usize)>,
}

impl<'s, 'a, J: Judge> Walk<'s, 'a, J> {
    pub(super) fn new(space: &'s Space<'a>, judge: J, seed: u64) -> Self {
        let movable = space
            .primes
            .iter()
            .enumerate()
            .flat_map(|(dimension, primes)| primes.iter().map(move |prime| (dimension, *prime)))
            .collect();
        let choices = (0..space.levels())
            .flat_map(|level| (0..8).map(move |tensor| (level, tensor)))
            .filter(|(level, tensor)| space.free[*level] >> tensor & 1 == 1)
            .collect();
        Self {
            space,
            judge,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            front: Front::default(),
            scored: 0,
            fitted: 0,
            movable,
            choices,
        }
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.random.next_u64()) * limit as u128) >> 64) as usize
    }

    /// Scores a mapping and notes it.
    fn score(&mut self, point: &Point) -> Option<Score> {
        self.scored += 1;
        let score = self.judge.score(&point.mapping)?;
        self.fitted += 1;
        if !self.front.covers(&score) {
            self.front.offer(score, &point.mapping);
        }
        Some(score)
    }

    /// A mapping that fits: arrays are filled first, then inner levels, at random.
    pub(super) fn start(&mut self) -> Option<(Point, Score)> {
        let base = Point::outermost(self.space);
        for attempt in 0..64 {
            let mut point = base.clone();
            for level in 0..self.space.levels() {
                let count = self.space.dimensions();
                for place in (1..count).rev() {
                    let other = self.below(place + 1);
                    point.orders[level].swap(place, other);
                }
                point.pin(self.space, level);
                // Later attempts keep less at the inner levels, so that something fits.
                let free = self.space.free[level];
                if attempt > 0 {
                    let pass = self.random.next_u32() as u8 & free;
                    point.mapping.levels[level].keep = self.space.keep[level] | (free & !pass);
                }
            }
            point.write(self.space);
            let steps = 4 * self.movable.len();
            for step in 0..steps {
                // Three quarters of the steps fill arrays.
                let spatial = step < 3 * steps / 4;
                let Some(change) = self.shift(&point, spatial) else { continue };
                point.make(self.space, change);
                if !point.fits(self.space) {
                    point.undo(self.space, change);
                }
            }
            if point.fits(self.space)
                && let Some(score) = self.score(&point)
            {
                return Some((point, score));
            }
        }
        let score = self.score(&base)?;
        Some((base, score))
    }

    /// Moves a random prime factor to another place.
    fn shift(&mut self, point: &Point, to_array: bool) -> Option<Move> {
        if self.movable.is_empty() {
            return None;
        }
        let pick = self.below(self.movable.len());
        let (dimension, prime) = self.movable[pick];
        let slots = self.space.slots.len();
        let open = |index: usize| {
            let slot = &self.space.slots[index];
            slot.allows(dimension) && slot.fixed[dimension].is_none()
        };
        let start = self.below(slots);
        let holds = |index: &usize| {
            let factor = point.factors[*index][dimension];
            open(*index) && factor > 1 && factor.is_multiple_of(prime)
        };
        let from = (0..slots).map(|step| (start + step) % slots).find(holds)?;
        let start = self.below(slots);
        let takes = |index: &usize| {
            let slot = &self.space.slots[*index];
            *index != from
                && open(*index)
                && (!to_array || slot.kind != SlotKind::Temporal)
                && (slot.limit == u64::MAX
                    || point.used(self.space, *index).saturating_mul(prime) <= slot.limit)
        };
        let to = (0..slots).map(|step| (start + step) % slots).find(takes)?;
        Some(Move::Shift { dimension, prime, from, to })
    }

    /// Exchanges two loops of a level.
    fn swap(&mut self, point: &Point) -> Option<Move> {
        let level = self.below(self.space.levels());
        let pinned = self.space.first[level].len();
        let loops = point.mapping.levels[level].temporal.len();
        if loops < 2 {
            return None;
        }
        let (first, second) = (self.below(loops), self.below(loops - 1));
        let second = if second >= first { second + 1 } else { second };
        let temporal = &point.mapping.levels[level].temporal;
        let place = |index: usize| {
            let order = &point.orders[level][..self.space.dimensions()];
            order.iter().position(|own| *own == temporal[index].dimension)
        };
        let places = [place(first)?, place(second)?];
        places.iter().all(|place| *place >= pinned).then_some(Move::Swap { level, places })
    }

    fn change(&mut self, point: &Point) -> Option<Move> {
        match self.below(16) {
            0..=9 => self.shift(point, false),
            10..=14 => self.swap(point),
            _ if self.choices.is_empty() => self.shift(point, false),
            _ => {
                let pick = self.below(self.choices.len());
                let (level, tensor) = self.choices[pick];
                Some(Move::Keep { level, tensor })
            }
        }
    }

    /// Anneals from a mapping until `budget` more are scored or `stop` is set.
    pub(super) fn run(
        &mut self,
        (mut point, score): (Point, Score),
        aim: Aim,
        budget: u64,
        stop: &AtomicBool,
        tick: &dyn Fn(u64) -> bool,
    ) {
        let end = self.scored + budget;
        let begin = self.scored;
        let mut cost = aim.cost(&score);
        let mut misses = 0_u64;
        let mut told = self.scored;
        while self.scored < end {
            if self.scored - told >= PATIENCE {
                if stop.load(Ordering::Relaxed) || tick(self.scored - told) {
                    return;
                }
                told = self.scored;
            }
            let Some(change) = self.change(&point) else {
                misses += 1;
                // A space of one point has no moves.
                if misses > 1_000 {
                    break;
                }
                continue;
            };
            point.make(self.space, change);
            if matches!(change, Move::Shift { .. } | Move::Keep { .. }) && !point.fits(self.space) {
                point.undo(self.space, change);
                misses += 1;
                if misses > 100_000 {
                    break;
                }
                continue;
            }
            misses = 0;
            let accepted = match self.score(&point) {
                None => false,
                Some(score) => {
                    let next = aim.cost(&score);
                    let ratio = next / cost;
                    let take = ratio <= 1.0 || {
                        let done = (self.scored - begin) as f64 / budget as f64;
                        let heat = HOT * (COLD / HOT).powf(done);
                        let chance = (-ratio.ln() / heat).exp();
                        (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 <= chance
                    };
                    if take {
                        cost = next;
                    }
                    take
                }
            };
            if !accepted {
                point.undo(self.space, change);
            }
        }
        tick(self.scored - told);
    }

    /// The point of a mapping of the front, and its score.
    pub(super) fn resume(&self, solution: &super::Solution) -> (Point, Score) {
        let mut point = Point::outermost(self.space);
        for factors in &mut point.factors {
            factors.fill(1);
        }
        for (level, own) in solution.mapping.levels.iter().enumerate() {
            for (index, slot) in self.space.slots.iter().enumerate() {
                if slot.level != level {
                    continue;
                }
                let loops = match slot.kind {
                    SlotKind::Temporal => &own.temporal,
                    SlotKind::SpatialX => &own.spatial_x,
                    SlotKind::SpatialY => &own.spatial_y,
                };
                for inner in loops {
                    point.factors[index][usize::from(inner.dimension)] *= inner.bound;
                }
            }
            if temporal_slot(self.space, level).is_some() {
                let count = self.space.dimensions();
                let given = own.temporal.iter().map(|inner| inner.dimension);
                let rest: Vec<u8> = (0..count as u8)
                    .filter(|own_dimension| {
                        !own.temporal.iter().any(|inner| inner.dimension == *own_dimension)
                    })
                    .collect();
                let order: Vec<u8> = given.chain(rest).collect();
                point.orders[level][..count].copy_from_slice(&order);
                point.pin(self.space, level);
            }
            point.mapping.levels[level].keep = own.keep;
        }
        point.write(self.space);
        (point, solution.score)
    }
}
