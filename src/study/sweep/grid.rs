//! The points of a sweep, numbered.
//!
//! Networks and what changes their programs are the outer loops, machines the inner ones, so that
//! a program is planned once and neighbouring points share it.

use std::ops::Range;

use super::{
    axis::{Axis, Root},
    spec::Spec,
};
use signloop_base::{Error, Result, diagnostics::Problem};

/// Most points of one sweep.
const MAX_POINTS: u64 = 1 << 40;

/// How many steps each loop has, outermost first.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Networks × swept keys of their files.
    pub workload_variants: u64,
    /// Swept options of planning.
    pub plan_variants: u64,
    /// Schemes.
    pub schemes: u64,
    /// Methods.
    pub methods: u64,
    /// Machines × swept keys of their files.
    pub arch_variants: u64,
}

/// The numbers of a point along the loops of a [`Grid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub workload_variant: u64,
    pub plan_variant: u64,
    pub scheme: usize,
    pub method: usize,
}

impl Grid {
    /// The grid of a sweep file.
    ///
    /// # Errors
    /// The sweep has too many points to number.
    pub fn of(spec: &Spec) -> Result<Self> {
        let count = |root: Root, first: usize| {
            spec.axes
                .iter()
                .filter(|axis| axis.root == root)
                .try_fold(first as u64, |product, axis| {
                    product.checked_mul(axis.steps.len() as u64)
                })
                .filter(|product| *product <= MAX_POINTS)
        };
        let sizes = || {
            let grid = Self {
                workload_variants: count(Root::Workload, spec.workloads.len())?,
                plan_variants: count(Root::Plan, 1)?,
                schemes: spec.schemes.len() as u64,
                methods: spec.methods.len() as u64,
                arch_variants: count(Root::Arch, spec.archs.len())?,
            };
            grid.outer_checked()?
                .checked_mul(grid.arch_variants)
                .filter(|points| *points <= MAX_POINTS)
                .map(|_| grid)
        };
        sizes().ok_or_else(|| {
            Error::from(
                Problem::new(format!("the sweep has more than {MAX_POINTS} points"))
                    .in_file(spec.file.name()),
            )
        })
    }

    fn outer_checked(&self) -> Option<u64> {
        [self.plan_variants, self.schemes, self.methods]
            .into_iter()
            .try_fold(self.workload_variants, u64::checked_mul)
    }

    /// Programs' combinations: every loop but the machines.
    #[must_use]
    pub fn outer(&self) -> u64 {
        self.workload_variants * self.plan_variants * self.schemes * self.methods
    }

    /// All points.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.outer() * self.arch_variants
    }

    /// The numbers of an outer combination.
    #[must_use]
    pub fn place(&self, outer: u64) -> Place {
        let (rest, method) = (outer / self.methods, outer % self.methods);
        let (rest, scheme) = (rest / self.schemes, rest % self.schemes);
        Place {
            workload_variant: rest / self.plan_variants,
            plan_variant: rest % self.plan_variants,
            scheme: scheme as usize,
            method: method as usize,
        }
    }
}

/// The step of every axis of one root, and what is left: the number of the file.
pub(super) fn steps_of(axes: &[&Axis], variant: u64) -> (u64, Vec<usize>) {
    let mut rest = variant;
    let mut steps = vec![0; axes.len()];
    for (step, axis) in steps.iter_mut().zip(axes).rev() {
        let count = axis.steps.len() as u64;
        *step = (rest % count) as usize;
        rest /= count;
    }
    (rest, steps)
}

/// One part of a sweep that is split over machines: contiguous points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub index: u64,
    /// Of how many.
    pub count: u64,
}

impl Shard {
    /// The whole sweep.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// The points of this shard. Sizes differ by one at most.
    #[must_use]
    pub fn points(self, all: u64) -> Range<u64> {
        let at = |index: u64| (u128::from(all) * u128::from(index) / u128::from(self.count)) as u64;
        at(self.index - 1)..at(self.index)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.index, self.count)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected `i/n` with 1 <= i <= n, as 2/8, found `{text}`");
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let index = index.parse().map_err(|_| wrong())?;
        let count = count.parse().map_err(|_| wrong())?;
        if index == 0 || index > count || count > 1 << 20 {
            return Err(wrong());
        }
        Ok(Self { index, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_every_point_once() {
        for all in [0, 1, 7, 100, 1 << 40] {
            for count in [1, 2, 3, 8, 101] {
                let mut next = 0;
                for index in 1..=count {
                    let points = Shard { index, count }.points(all);
                    assert_eq!(points.start, next);
                    next = points.end;
                }
                assert_eq!(next, all);
            }
        }
    }

    #[test]
    fn shards_are_read_from_text() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 2, count: 8 }));
        for text in ["", "2", "0/8", "9/8", "a/b", "1/0", "-1/2", "1/99999999"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn places_count_methods_fastest() {
        let grid = Grid {
            workload_variants: 2,
            plan_variants: 3,
            schemes: 2,
            methods: 5,
            arch_variants: 7,
        };
        assert_eq!(grid.points(), 2 * 3 * 2 * 5 * 7);
        let place = grid.place(((3 + 2) * 2 + 1) * 5 + 4);
        assert_eq!(place, Place { workload_variant: 1, plan_variant: 2, scheme: 1, method: 4 });
    }
}
