//! How far a program reads, and the map cut down to positions that differ.

use crate::{OpProgram, Term};

/// Bits of a row of positions.
pub(super) type Row = u128;

/// Least and greatest displacements, from an output pixel, at which anything is read.
pub(super) struct Reach {
    pub(super) rows: (i64, i64),
    pub(super) columns: (i64, i64),
}

impl Reach {
    /// `None` if a displacement does not fit in 16 bits.
    pub(super) fn of(program: &OpProgram) -> Option<Self> {
        let mut boxes: Vec<Option<[i16; 4]>> = vec![None; program.nodes() as usize];
        let mut all = [0_i16; 4];
        let mut read = |boxes: &mut [Option<[i16; 4]>], term: &Term, from: [i16; 4]| {
            let (dy, dx) = (i16::from(term.shift.dy), i16::from(term.shift.dx));
            let mut moved = [0; 4];
            for (moved, (from, by)) in moved.iter_mut().zip(from.into_iter().zip([dy, dy, dx, dx]))
            {
                *moved = from.checked_add(by)?;
            }
            let join = |a: [i16; 4], b: [i16; 4]| {
                [a[0].min(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].max(b[3])]
            };
            all = join(all, moved);
            if let Some(node) = term.source.checked_sub(program.inputs()) {
                let own = &mut boxes[node as usize];
                *own = Some(own.map_or(moved, |own| join(own, moved)));
            }
            Some(())
        };
        for (term, _) in program.outputs().iter().flat_map(|output| &output.terms) {
            read(&mut boxes, term, [0; 4])?;
        }
        for node in (0..program.nodes()).rev() {
            if let Some(from) = boxes[node as usize] {
                program.node(node).iter().try_for_each(|term| read(&mut boxes, term, from))?;
            }
        }
        let [top, bottom, left, right] = all.map(i64::from);
        Some(Self { rows: (top, bottom), columns: (left, right) })
    }
}

/// One direction of the map, cut down.
pub(super) struct Axis {
    /// Positions of the map.
    pub(super) map: i64,
    /// Positions of the input planes of every phase.
    pub(super) inputs: Vec<i64>,
    /// Coordinate of the first bit, not positive.
    pub(super) first: i64,
    /// Number of coordinates.
    pub(super) cells: i64,
    /// The bit that stands for several positions, and for how many.
    pub(super) middle: i64,
    pub(super) weight: u64,
}

impl Axis {
    pub(super) fn new(map: u64, inputs: Vec<i64>, (first, last): (i64, i64)) -> Option<Self> {
        let map = i64::try_from(map).ok()?;
        let span = last - first;
        // From a position at least `span` from either end, nothing is read beyond them.
        let least = inputs.iter().copied().min().unwrap_or(0).min(map);
        let cut = (least - (2 * span + 1)).max(0);
        let map = map - cut;
        let inputs = inputs.into_iter().map(|size| size - cut).collect();
        let cells = map + span;
        let middle = span - first;
        (cells <= i64::from(Row::BITS)).then_some(Self {
            map,
            inputs,
            first,
            cells,
            middle,
            weight: cut as u64 + 1,
        })
    }

    /// Bits of coordinates 0 to `size`.
    pub(super) fn bits(&self, size: i64) -> Row {
        let ones = |count: i64| match count {
            ..=0 => 0,
            1..=127 => (1 << count) - 1,
            _ => Row::MAX,
        };
        ones(size - self.first) & !ones(-self.first)
    }
}

/// Both directions of the map.
pub(super) struct Grid {
    pub(super) rows: Axis,
    pub(super) columns: Axis,
}
