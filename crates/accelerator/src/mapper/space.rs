//! The mappings that an accelerator and its constraints allow.

use super::{Constraint, factors::primes};
use crate::{
    mapping::MAX_LEVELS,
    problem::{MAX_DIMENSIONS, Problem},
};
use signloop_base::diagnostics::Problem as Note;
use signloop_machine::accelerator::{Accelerator, SafKind};

/// Where a loop can stand at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// In time.
    Temporal,
    /// Over the X axis of the array inside.
    SpatialX,
    /// Over the Y axis.
    SpatialY,
}

/// A place for factors: one level, in time or along one axis.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Level, innermost 0.
    pub level: usize,
    /// Time or axis.
    pub kind: SlotKind,
    /// Greatest product of the factors.
    pub limit: u64,
    /// Bit d is set when dimension d may stand here.
    pub allowed: u16,
    /// Factors that are given, by dimension.
    pub fixed: [Option<u64>; MAX_DIMENSIONS],
}

impl Slot {
    pub(super) fn allows(&self, dimension: usize) -> bool {
        self.allowed >> dimension & 1 == 1
    }
}

/// The space of mappings of one problem on one accelerator.
#[derive(Debug, Clone)]
pub struct Space<'a> {
    pub(super) problem: &'a Problem,
    pub(super) accelerator: &'a Accelerator,
    /// All places, innermost level first, in time before X before Y.
    pub(super) slots: Vec<Slot>,
    /// Prime factors of every dimension, those that are given taken off.
    pub(super) primes: Vec<Vec<u64>>,
    /// By level: dimensions that stand innermost in this order.
    pub(super) first: [Vec<u8>; MAX_LEVELS],
    /// By level: tensors that are kept in any case.
    pub(super) keep: [u8; MAX_LEVELS],
    /// By level: tensors that may be kept or pass by.
    pub(super) free: [u8; MAX_LEVELS],
    /// By level: words that tiles may take where no kept tensor is compressed.
    pub(super) room: [Option<u64>; MAX_LEVELS],
    /// By level: tensors that are stored compressed, whose room only the model knows.
    pub(super) compressed: [u8; MAX_LEVELS],
}

impl<'a> Space<'a> {
    /// The space under some constraints.
    ///
    /// # Errors
    /// A constraint names what is not there, or leaves no mapping.
    pub fn new(
        accelerator: &'a Accelerator,
        problem: &'a Problem,
        constraints: &[Constraint],
    ) -> Result<Self, Note> {
        let dimensions = problem.dimensions.len();
        let all = ((1_u32 << dimensions) - 1) as u16;
        let tensors = ((1_u32 << problem.tensors.len()) - 1) as u8;
        let levels = accelerator.levels.len();
        let mut space = Self {
            problem,
            accelerator,
            slots: Vec::new(),
            primes: Vec::new(),
            first: std::array::from_fn(|_| Vec::new()),
            keep: [0; MAX_LEVELS],
            free: [0; MAX_LEVELS],
            room: [None; MAX_LEVELS],
            compressed: [0; MAX_LEVELS],
        };
        for (level, storage) in accelerator.levels.iter().enumerate() {
            let (x, y) = accelerator.fanout(level);
            // Spatial skipping maps more lanes than there are; the model says whether they fit.
            let skips = storage.safs.iter().any(|saf| saf.kind == SafKind::SpatialSkip);
            let limit = |lanes: u64| if skips { u64::MAX } else { lanes };
            let mut slot = |kind, limit| {
                space.slots.push(Slot {
                    level,
                    kind,
                    limit,
                    allowed: all,
                    fixed: [None; MAX_DIMENSIONS],
                });
            };
            slot(SlotKind::Temporal, u64::MAX);
            if x > 1 {
                slot(SlotKind::SpatialX, limit(x));
            }
            if y > 1 {
                slot(SlotKind::SpatialY, limit(y));
            }
            // The backing store keeps everything; the others try both.
            let backing = level == levels - 1;
            space.keep[level] = if backing { tensors } else { 0 };
            space.free[level] = if backing { 0 } else { tensors };
            space.room[level] =
                storage.capacity_words.map(|words| (words as f64 / storage.buffering) as u64);
            for (tensor, own) in problem.tensors.iter().enumerate() {
                if storage.format(&own.name).is_some_and(|format| format.compresses()) {
                    space.compressed[level] |= 1 << tensor;
                }
            }
        }
        for constraint in constraints {
            space.constrain(constraint)?;
        }
        for (dimension, own) in problem.dimensions.iter().enumerate() {
            let mut rest = own.size;
            for slot in &space.slots {
                let Some(factor) = slot.fixed[dimension] else { continue };
                if factor == 0 || !rest.is_multiple_of(factor) {
                    return Err(Note::new(format!(
                        "the given factors of `{}` do not divide its size {}",
                        own.name, own.size
                    )));
                }
                rest /= factor;
            }
            let open = |slot: &Slot| slot.allows(dimension) && slot.fixed[dimension].is_none();
            if rest > 1 && !space.slots.iter().any(open) {
                return Err(Note::new(format!(
                    "the constraints leave no place for the rest {rest} of `{}`",
                    own.name
                ))
                .hint("let the dimension run in time at some level"));
            }
            space.primes.push(primes(rest));
        }
        Ok(space)
    }

    /// Adds one constraint.
    fn constrain(&mut self, constraint: &Constraint) -> Result<(), Note> {
        let names = self.accelerator.level_names();
        let Some(level) = names.iter().position(|name| *name == constraint.level) else {
            return Err(Note::new(format!(
                "a constraint is for the level `{}`, which the accelerator lacks",
                constraint.level
            ))
            .hint(format!("the levels are `{}`", names.join("`, `"))));
        };
        let problem = self.problem;
        for (kind, dimensions, factors) in [
            (SlotKind::Temporal, &constraint.temporal, &constraint.factors),
            (SlotKind::SpatialX, &constraint.spatial_x, &constraint.factors_x),
            (SlotKind::SpatialY, &constraint.spatial_y, &constraint.factors_y),
        ] {
            let slot = self.slots.iter_mut().find(|own| own.level == level && own.kind == kind);
            let Some(slot) = slot else {
                if factors.iter().any(|(_, factor)| *factor > 1) {
                    return Err(Note::new(format!(
                        "`{}` has no array along {} to spread over",
                        constraint.level,
                        if kind == SlotKind::SpatialX { "x" } else { "y" }
                    )));
                }
                continue;
            };
            if let Some(dimensions) = dimensions {
                // Names that this problem lacks are those of another kind of layer.
                let known = dimensions.iter().filter_map(|name| problem.dimension(name));
                slot.allowed = known.fold(0, |set, dimension| set | 1 << dimension);
            }
            for (name, factor) in factors {
                if let Some(dimension) = problem.dimension(name) {
                    let size = problem.dimensions[dimension].size;
                    let whole = *factor == 0 || *factor > size;
                    slot.fixed[dimension] = Some(if whole { size } else { *factor });
                    slot.allowed |= 1 << dimension;
                }
            }
        }
        let known = constraint.order.iter().filter_map(|name| problem.dimension(name));
        self.first[level] = known.map(|dimension| dimension as u8).collect();
        let set = |names: &[String]| {
            let known = names.iter().filter_map(|name| problem.tensor(name));
            known.fold(0_u8, |set, tensor| set | 1 << tensor)
        };
        let (keep, bypass) = (set(&constraint.keep), set(&constraint.bypass));
        self.keep[level] = (self.keep[level] | keep) & !bypass;
        self.free[level] &= !(keep | bypass);
        Ok(())
    }

    /// Levels.
    pub(super) fn levels(&self) -> usize {
        self.accelerator.levels.len()
    }

    /// Dimensions.
    pub(super) fn dimensions(&self) -> usize {
        self.problem.dimensions.len()
    }

    /// Upper bound of the number of mappings: splits of all factors, orders, and kept sets.
    #[must_use]
    pub fn size(&self) -> f64 {
        let mut size = 1.0;
        for (dimension, primes) in self.primes.iter().enumerate() {
            let open = |slot: &&Slot| slot.allows(dimension) && slot.fixed[dimension].is_none();
            let places = self.slots.iter().filter(open).count();
            for prime in primes.chunk_by(|first, second| first == second) {
                // Ways to put e equal factors on p places: C(e + p − 1, p − 1).
                let equal = prime.len();
                for index in 1..places {
                    size *= (equal + index) as f64 / index as f64;
                }
            }
        }
        let loops = self.problem.dimensions.iter().filter(|own| own.size > 1).count();
        let orders: f64 = (1..=loops).map(|factor| factor as f64).product();
        for level in 0..self.levels() {
            size *= orders * f64::from(1_u32 << self.free[level].count_ones());
        }
        size
    }
}
