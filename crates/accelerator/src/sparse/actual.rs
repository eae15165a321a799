//! Density of an actual tensor: exact histograms of its aligned tiles.

use std::sync::Arc;

use super::{Comb, EmptyShare, Histogram, Occupied, Slide, Tile, table::Table};

/// An actual tensor with what was counted so far.
#[derive(Debug)]
pub(super) struct Actual {
    pub(super) values: Occupied,
    histograms: Table<Histogram>,
    elements: Table<u64, (Tile, Tile)>,
    combs: Table<f64, Comb>,
    slides: Table<Vec<EmptyShare>, Slide>,
}

impl Actual {
    pub(super) fn new(values: Occupied) -> Self {
        Self {
            values,
            histograms: Table::default(),
            elements: Table::default(),
            combs: Table::default(),
            slides: Table::default(),
        }
    }

    /// Occupancies of the aligned tiles.
    pub(super) fn histogram(&self, tile: &Tile) -> Arc<Histogram> {
        self.histograms.get(*tile, || Histogram::of(&self.values.counts(tile)))
    }

    /// Share of combs, one for every start, that hold no nonzero.
    pub(super) fn empty_combs(&self, comb: &Comb) -> f64 {
        *self.combs.get(comb.clone(), || {
            let (places, grid) = comb.places(self.values.extents());
            let counts = self.values.counts_by(&places, &grid);
            let empty = counts.iter().filter(|count| **count == 0).count();
            empty as f64 / counts.len().max(1) as f64
        })
    }

    /// Shares of a slide's steps that meet no nonzero; points outside the tensor are zeros.
    pub(super) fn empty_slides(&self, slide: &Slide) -> Arc<Vec<EmptyShare>> {
        self.slides.get(slide.clone(), || {
            let (places, grid) = slide.comb.places(self.values.extents());
            let counts = self.values.counts_by(&places, &grid);
            let step = |rank: usize| grid[rank + 1..].iter().product::<u64>();
            let steps: Vec<u64> = (0..grid.len()).map(step).collect();
            let place = |rank: usize, at: i64| {
                let place = usize::try_from(at).ok().and_then(|at| places[rank].get(at))?;
                Some(place * steps[rank])
            };
            slide.shares(place, |number| counts[number as usize] == 0)
        })
    }

    /// Most non-empty elements in one fiber, over all aligned fibers. The elements are aligned to
    /// the tensor, and an element belongs to the fiber that holds its first corner.
    pub(super) fn max_elements(&self, fiber: &Tile, element: &Tile) -> u64 {
        *self.elements.get((*fiber, *element), || {
            let counts = self.per_parent(fiber, element, |count| u32::from(count > 0));
            u64::from(counts.into_iter().max().unwrap_or(0))
        })
    }

    /// Share of empty `tile`s in the parents that hold `occupancy` nonzeros.
    pub(super) fn empty_given(&self, tile: &Tile, parent: &Tile, occupancy: u64) -> f64 {
        let parents = self.values.counts(parent);
        let empty = self.per_parent(parent, tile, |count| u32::from(count == 0));
        let all = self.per_parent(parent, tile, |_| 1);
        let (mut found, mut of) = (0_u64, 0_u64);
        for ((nonzeros, empty), all) in parents.iter().zip(empty).zip(all) {
            if u64::from(*nonzeros) == occupancy {
                found += u64::from(empty);
                of += u64::from(all);
            }
        }
        if of == 0 { 1.0 } else { found as f64 / of as f64 }
    }

    /// For every parent tile, the sum of `value` of the counts of its small tiles.
    fn per_parent(&self, parent: &Tile, small: &Tile, value: impl Fn(u32) -> u32) -> Vec<u32> {
        let counts = self.values.counts(small);
        let grid = self.values.grid(small);
        let parents = self.values.grid(parent);
        let mut sums = vec![0_u32; parents.iter().product::<u64>() as usize];
        let mut place = vec![0_u64; grid.len()];
        for count in counts {
            let index = (0..grid.len()).fold(0, |index, rank| {
                let at = place[rank] * small.extent(rank) / parent.extent(rank).max(1);
                index * parents[rank] + at
            });
            sums[index as usize] += value(count);
            for rank in (0..grid.len()).rev() {
                place[rank] += 1;
                if place[rank] < grid[rank] {
                    break;
                }
                place[rank] = 0;
            }
        }
        sums
    }
}
