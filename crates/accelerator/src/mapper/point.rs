//! One mapping of the space, changed in place.

use super::{SlotKind, Space};
use crate::{
    mapping::{LevelMapping, Loop, MAX_LEVELS, Mapping},
    problem::MAX_DIMENSIONS,
};

/// Places of factors at most: time and two axes a level.
const MAX_SLOTS: usize = 3 * MAX_LEVELS;

/// A mapping as factors, orders and kept sets, with the mapping itself kept in step.
#[derive(Debug, Clone)]
pub(super) struct Point {
    /// Factor of every dimension at every slot.
    pub(super) factors: [[u64; MAX_DIMENSIONS]; MAX_SLOTS],
    /// Order of all dimensions at every level, innermost first.
    pub(super) orders: [[u8; MAX_DIMENSIONS]; MAX_LEVELS],
    pub(super) mapping: Mapping,
}

/// A change that can be taken back.
#[derive(Debug, Clone, Copy)]
pub(super) enum Move {
    /// Moves a prime factor of a dimension from one slot to another.
    Shift { dimension: usize, prime: u64, from: usize, to: usize },
    /// Exchanges two places of a level's order.
    Swap { level: usize, places: [usize; 2] },
    /// Keeps a tensor at a level or lets it pass.
    Keep { level: usize, tensor: usize },
}

impl Move {
    fn inverse(self) -> Self {
        match self {
            Self::Shift { dimension, prime, from, to } => {
                Self::Shift { dimension, prime, from: to, to: from }
            }
            same => same,
        }
    }
}

impl Point {
    /// All factors in time at the outermost place that takes them; given ones where they belong.
    pub(super) fn outermost(space: &Space<'_>) -> Self {
        let mut factors = [[1; MAX_DIMENSIONS]; MAX_SLOTS];
        for (slot, own) in space.slots.iter().zip(&mut factors) {
            for (factor, fixed) in own.iter_mut().zip(slot.fixed) {
                *factor = fixed.unwrap_or(1);
            }
        }
        for (dimension, primes) in space.primes.iter().enumerate() {
            let rest: u64 = primes.iter().product();
            let open = |index: &usize| {
                let slot = &space.slots[*index];
                slot.allows(dimension) && slot.fixed[dimension].is_none()
            };
            let places = (0..space.slots.len()).filter(open);
            // In time if that is allowed anywhere, so that no array overflows.
            let place = places.max_by_key(|index| {
                (space.slots[*index].kind == SlotKind::Temporal, space.slots[*index].level)
            });
            if let Some(place) = place {
                factors[place][dimension] *= rest;
            }
        }
        let mut order = [0; MAX_DIMENSIONS];
        for (index, place) in order.iter_mut().enumerate() {
            *place = index as u8;
        }
        let mut point = Self {
            factors,
            orders: [order; MAX_LEVELS],
            mapping: Mapping { levels: vec![LevelMapping::default(); space.levels()] },
        };
        for level in 0..space.levels() {
            point.mapping.levels[level].keep = space.keep[level] | space.free[level];
            point.pin(space, level);
        }
        point.write(space);
        point
    }

    /// Puts the dimensions that a constraint places innermost there.
    pub(super) fn pin(&mut self, space: &Space<'_>, level: usize) {
        let first = &space.first[level];
        if first.is_empty() {
            return;
        }
        let order = &mut self.orders[level];
        let count = space.dimensions();
        let rest: Vec<u8> =
            order[..count].iter().copied().filter(|own| !first.contains(own)).collect();
        for (place, own) in order.iter_mut().zip(first.iter().copied().chain(rest)) {
            *place = own;
        }
    }

    /// Rewrites all loops of the mapping.
    pub(super) fn write(&mut self, space: &Space<'_>) {
        for slot in 0..space.slots.len() {
            self.write_slot(space, slot);
        }
    }

    /// Rewrites the loops of one slot; loops of one iteration are left out.
    pub(super) fn write_slot(&mut self, space: &Space<'_>, slot: usize) {
        let count = space.dimensions();
        let own = &space.slots[slot];
        let factors = &self.factors[slot];
        let level = &mut self.mapping.levels[own.level];
        let loops = match own.kind {
            SlotKind::Temporal => {
                level.temporal.clear();
                for dimension in &self.orders[own.level][..count] {
                    let bound = factors[usize::from(*dimension)];
                    if bound > 1 {
                        level.temporal.push(Loop { dimension: *dimension, bound });
                    }
                }
                return;
            }
            SlotKind::SpatialX => &mut level.spatial_x,
            SlotKind::SpatialY => &mut level.spatial_y,
        };
        loops.clear();
        for (dimension, bound) in factors[..count].iter().enumerate() {
            if *bound > 1 {
                loops.push(Loop { dimension: dimension as u8, bound: *bound });
            }
        }
    }

    /// Makes a change.
    pub(super) fn make(&mut self, space: &Space<'_>, change: Move) {
        match change {
            Move::Shift { dimension, prime, from, to } => {
                self.factors[from][dimension] /= prime;
                self.factors[to][dimension] *= prime;
                self.write_slot(space, from);
                self.write_slot(space, to);
            }
            Move::Swap { level, places: [first, second] } => {
                self.orders[level].swap(first, second);
                if let Some(slot) = temporal_slot(space, level) {
                    self.write_slot(space, slot);
                }
            }
            Move::Keep { level, tensor } => self.mapping.levels[level].keep ^= 1 << tensor,
        }
    }

    /// Takes a change back.
    pub(super) fn undo(&mut self, space: &Space<'_>, change: Move) {
        self.make(space, change.inverse());
    }

    /// Product of the factors of a slot.
    pub(super) fn used(&self, space: &Space<'_>, slot: usize) -> u64 {
        self.factors[slot][..space.dimensions()].iter().product()
    }

    /// Whether the arrays are large enough, and the levels as far as plain tiles tell.
    pub(super) fn fits(&self, space: &Space<'_>) -> bool {
        let count = space.dimensions();
        let mut extents = [1_u64; MAX_DIMENSIONS];
        let mut slots = space.slots.iter().zip(&self.factors).peekable();
        for (level, own) in self.mapping.levels.iter().enumerate() {
            while let Some((slot, factors)) = slots.next_if(|(slot, _)| slot.level == level) {
                let mut product = 1;
                for (extent, factor) in extents[..count].iter_mut().zip(factors) {
                    *extent *= factor;
                    product *= factor;
                }
                if product > slot.limit {
                    return false;
                }
            }
            let plain = own.keep & !space.compressed[level];
            let Some(room) = space.room[level].filter(|_| plain != 0) else { continue };
            let mut need = 0_u64;
            for (tensor, own) in space.problem.tensors.iter().enumerate() {
                if plain >> tensor & 1 == 0 {
                    continue;
                }
                let mut size = 1_u64;
                for index in &own.indices {
                    let reach = index
                        .iter()
                        .map(|term| (extents[term.dimension] - 1) * term.coefficient)
                        .sum::<u64>();
                    size = size.saturating_mul(reach + 1);
                }
                need = need.saturating_add(size);
            }
            if need > room {
                return false;
            }
        }
        true
    }
}

/// The slot of a level's loops in time.
pub(super) fn temporal_slot(space: &Space<'_>, level: usize) -> Option<usize> {
    space.slots.iter().position(|slot| slot.level == level && slot.kind == SlotKind::Temporal)
}
