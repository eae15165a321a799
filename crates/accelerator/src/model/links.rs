//! Timeloop's neighbour links: an instance takes a block from its neighbour in the mesh where that
//! one had it the step before, whatever the accelerator. Only the rules of Timeloop use this.

use super::{
    footprint::Shape,
    nest::{Axis, FlatLoop},
};
use crate::{
    problem::{MAX_DIMENSIONS, MAX_INDICES},
    sparse::Tile,
};

type Place = [i64; MAX_INDICES];

/// What moves over the spatial loops of one level.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Moved {
    /// Words read at the level.
    pub(super) read: u64,
    /// Words that come to one instance inside from the level, on average.
    pub(super) share: f64,
    /// Words that all instances inside get from neighbours.
    pub(super) linked: u64,
}

/// Places of the instances in a tensor, and who is next to whom.
struct Mesh {
    offsets: Vec<Place>,
    columns: usize,
    rows: usize,
}

impl Mesh {
    fn new(spatial: &[FlatLoop], shape: &Shape, (columns, rows): (u64, u64)) -> Self {
        let mut offsets = vec![[0; MAX_INDICES]];
        for own in spatial {
            let mut steps = [0_i64; MAX_DIMENSIONS];
            steps[usize::from(own.dimension)] = own.stride as i64;
            let one = shape.shift(&steps);
            // The innermost loop runs fastest, so instances are numbered as Timeloop does.
            offsets = (0..own.bound as i64)
                .flat_map(|count| {
                    offsets.iter().map(move |place: &Place| {
                        std::array::from_fn(|index| place[index] + count * one[index])
                    })
                })
                .collect();
        }
        Self { offsets, columns: columns.max(1) as usize, rows: rows.max(1) as usize }
    }

    /// Whether some neighbour of an instance stood, a step ago, where the instance stands now.
    fn has_it(&self, instance: usize, shift: &Place) -> bool {
        let (column, row) = (instance % self.columns, instance / self.columns);
        let wanted: Place =
            std::array::from_fn(|index| self.offsets[instance][index] + shift[index]);
        let at = |column: usize, row: usize| {
            column < self.columns
                && row < self.rows
                && self.offsets.get(row * self.columns + column) == Some(&wanted)
        };
        (row > 0 && at(column, row - 1))
            || at(column, row + 1)
            || (column > 0 && at(column - 1, row))
            || at(column + 1, row)
    }

    /// Different places, and instances, of those that get nothing from a neighbour.
    fn left(&self, shift: Option<&Place>) -> (u64, u64) {
        let mut places: Vec<&Place> = (0..self.offsets.len())
            .filter(|instance| shift.is_none_or(|shift| !self.has_it(*instance, shift)))
            .map(|instance| &self.offsets[instance])
            .collect();
        let instances = places.len() as u64;
        places.sort_unstable();
        places.dedup();
        (places.len() as u64, instances)
    }
}

/// Blocks of one word asked for by compute units that hold nothing: `steps` in all, of which
/// `moving` ask for another word than the step before.
pub(super) fn points(
    spatial: &[FlatLoop],
    shape: &Shape,
    fanout: (u64, u64),
    (steps, moving): (u64, u64),
) -> u64 {
    let mesh = Mesh::new(spatial, shape, fanout);
    let (all, _) = mesh.left(None);
    let (left, _) = mesh.left(Some(&[0; MAX_INDICES]));
    moving * all + (steps - moving) * left
}

/// A box of words, as places of its corners.
type Fresh = Option<(Place, Place)>;

/// Walks the steps as Timeloop does (the first and the second iteration of every loop, the second
/// standing for all others) and counts what every step needs anew.
pub(super) fn walk(
    outside: &[FlatLoop],
    spatial: &[FlatLoop],
    (shape, tile): (&Shape, Tile),
    keeps: bool,
    fanout: (u64, u64),
) -> Moved {
    let mesh = Mesh::new(spatial, shape, fanout);
    let loops: Vec<&FlatLoop> = outside.iter().filter(|own| own.axis == Axis::Time).collect();
    let mut at = vec![false; loops.len()];
    let mut tracker = Tracker::default();
    let mut moved = Moved::default();
    let mut before: Fresh = None;
    let instances = mesh.offsets.len() as u64;
    loop {
        let mut steps = [0_i64; MAX_DIMENSIONS];
        let mut weight = 1;
        for (own, second) in loops.iter().zip(&at) {
            if *second {
                steps[usize::from(own.dimension)] += own.stride as i64;
                weight *= own.bound - 1;
            }
        }
        let place = shape.shift(&steps);
        let fresh = if keeps { tracker.step(&place, tile) } else { Some(whole(&place, tile)) };
        if let Some(corners) = fresh {
            let words = size(&corners, shape.ranks());
            let (all, _) = mesh.left(None);
            let mut taken = (all, instances);
            if let Some(old) = before
                && let Some(shift) = translation(&old, &corners)
            {
                let linked = mesh.left(Some(&shift));
                if linked.0 < all {
                    taken = linked;
                }
            }
            moved.read += words * weight * taken.0;
            moved.share += (words * weight * taken.1) as f64 / instances as f64;
            moved.linked += words * weight * (instances - taken.1);
        }
        before = fresh;
        let Some(turn) = at.iter().position(|second| !second) else { return moved };
        at[..turn].fill(false);
        at[turn] = true;
    }
}

fn whole(place: &Place, tile: Tile) -> (Place, Place) {
    let mut end = *place;
    for (end, extent) in end.iter_mut().zip(tile.extents()) {
        *end += extent as i64;
    }
    (*place, end)
}

fn size((low, high): &(Place, Place), ranks: usize) -> u64 {
    (0..ranks).map(|index| (high[index] - low[index]) as u64).product()
}

/// The shift from one box to another of the same shape.
fn translation(old: &(Place, Place), new: &(Place, Place)) -> Option<Place> {
    let shift: Place = std::array::from_fn(|index| new.0[index] - old.0[index]);
    (0..MAX_INDICES).all(|index| new.1[index] - old.1[index] == shift[index]).then_some(shift)
}

/// What an instance holds, and how it moved last.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    held: Option<Place>,
    stride: Option<Place>,
}

impl Tracker {
    /// The part of a tile at a place that is new. A move that differs from the one before, or
    /// goes along two indices, makes the whole tile new.
    pub(super) fn step(&mut self, place: &Place, tile: Tile) -> Fresh {
        let held = self.held.replace(*place);
        let all = Some(whole(place, tile));
        let Some(held) = held else { return all };
        let shift: Place = std::array::from_fn(|index| place[index] - held[index]);
        if shift == [0; MAX_INDICES] {
            return None;
        }
        match self.stride {
            None => self.stride = Some(shift),
            Some(stride) if stride == shift => {}
            Some(_) => {
                self.stride = None;
                return all;
            }
        }
        let (mut low, mut high) = whole(place, tile);
        let mut along = None;
        for (index, extent) in tile.extents().enumerate() {
            if shift[index] == 0 {
                continue;
            }
            if along.is_some() || shift[index].unsigned_abs() >= extent {
                return all;
            }
            along = Some(index);
        }
        if let Some(index) = along {
            if shift[index] > 0 {
                low[index] = high[index] - shift[index];
            } else {
                high[index] = low[index] - shift[index];
            }
        }
        Some((low, high))
    }
}
