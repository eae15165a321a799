//! Nonzeros within a band around the diagonal of a square matrix, counted exactly.

use super::{Histogram, Rules, Tile, table::Table};

/// A square matrix with nonzeros at |row − column| ≤ `half_width` (0 is the plain diagonal).
#[derive(Debug)]
pub(super) struct Banded {
    side: u64,
    half_width: u64,
    rules: Rules,
    table: Table<Histogram>,
}

impl Banded {
    pub(super) fn new(side: u64, half_width: u64, rules: Rules) -> Self {
        Self { side, half_width: half_width.min(side), rules, table: Table::default() }
    }

    /// All nonzeros of the matrix.
    pub(super) fn nonzeros(&self) -> u64 {
        self.within(0..self.side, 0..self.side)
    }

    /// Occupancies of the aligned tiles.
    pub(super) fn histogram(&self, tile: &Tile) -> std::sync::Arc<Histogram> {
        self.table.get(*tile, || match self.rules {
            Rules::Exact => self.count(tile.extent(0), tile.extent(1)),
            Rules::Timeloop => self.timeloop(tile.extent(0), tile.extent(1)),
        })
    }

    /// Nonzeros of one box, in closed form.
    fn within(&self, rows: std::ops::Range<u64>, columns: std::ops::Range<u64>) -> u64 {
        let upto = |row, column| self.corner(row, column);
        (upto(rows.end, columns.end) + upto(rows.start, columns.start))
            - upto(rows.start, columns.end)
            - upto(rows.end, columns.start)
    }

    /// Nonzeros above `rows` and left of `columns`: those with column − row ≤ w, less those with
    /// column − row ≤ −w − 1.
    fn corner(&self, rows: u64, columns: u64) -> u64 {
        let (rows, columns) = (i128::from(rows), i128::from(columns));
        let width = i128::from(self.half_width);
        // Sum over rows i of clamp(i + shift + 1, 0, columns).
        let below = |shift: i128| -> i128 {
            let first = (-shift).clamp(0, rows);
            let full = (columns - shift - 1).clamp(first, rows);
            let growing = full - first;
            growing * (first + shift + 1) + growing * (growing - 1) / 2 + (rows - full) * columns
        };
        (below(width) - below(-width - 1)) as u64
    }

    /// Every aligned tile; the last of a row or column of tiles may be cut off.
    fn count(&self, height: u64, width: u64) -> Histogram {
        let (height, width) = (height.clamp(1, self.side), width.clamp(1, self.side));
        let tiles_across = self.side.div_ceil(width);
        let mut counts = Vec::new();
        let mut empty = 0_u64;
        for top in (0..self.side).step_by(height as usize) {
            let bottom = (top + height).min(self.side);
            // Only tiles that meet columns [top − w, bottom + w) hold anything.
            let first = top.saturating_sub(self.half_width) / width;
            let last = (bottom + self.half_width).min(self.side).div_ceil(width);
            empty += tiles_across - (last - first);
            for across in first..last {
                let left = across * width;
                let right = (left + width).min(self.side);
                counts.push(self.within(top..bottom, left..right) as u32);
            }
        }
        counts.sort_unstable();
        let mut pairs: Vec<(u64, u64)> = counts
            .chunk_by(|first, second| first == second)
            .map(|chunk| (u64::from(chunk[0]), chunk.len() as u64))
            .collect();
        match pairs.first_mut() {
            Some((0, tiles)) => *tiles += empty,
            _ if empty > 0 => pairs.insert(0, (0, empty)),
            _ => {}
        }
        Histogram::new(pairs, tiles_across * self.side.div_ceil(height))
    }

    /// Timeloop's walk: warm-up groups of rows count twice by symmetry, one steady group stands
    /// for all others, and occupancy 0 is always listed.
    fn timeloop(&self, height: u64, width: u64) -> Histogram {
        let mut pairs = std::collections::BTreeMap::from([(0, 0)]);
        let across = self.side / width.max(1);
        let groups = self.side / height.max(1);
        self.timeloop_walk(height, width, |group, occupancy, tiles| {
            let warm_up = self.half_width.div_ceil(height);
            let weight = if group >= warm_up {
                groups.saturating_sub(2 * warm_up)
            } else if warm_up != groups {
                2
            } else {
                1
            };
            *pairs.entry(occupancy).or_insert(0) += tiles * weight;
            true
        });
        Histogram::new(pairs.into_iter().collect(), across * groups)
    }

    /// Visits (row group, occupancy, tiles) until `visit` returns false.
    fn timeloop_walk(&self, height: u64, width: u64, mut visit: impl FnMut(u64, u64, u64) -> bool) {
        let (across, groups) = (self.side / width.max(1), self.side / height.max(1));
        let warm_up = self.half_width.div_ceil(height.max(1));
        for group in 0..groups.min(warm_up + 1) {
            let top = group * height;
            for column in 0..across {
                let left = column * width;
                if left > top + height - 1 + self.half_width {
                    if !visit(group, 0, across - column) {
                        return;
                    }
                    break;
                }
                let occupancy = self.within(top..top + height, left..left + width);
                if !visit(group, occupancy, 1) {
                    return;
                }
            }
        }
    }

    /// Share of empty `tile`s within the parent tiles that hold `occupancy` nonzeros.
    pub(super) fn empty_given(&self, tile: &Tile, parent: &Tile, occupancy: u64) -> f64 {
        match self.rules {
            Rules::Exact => self.exact_given(tile, parent, occupancy),
            Rules::Timeloop => self.timeloop_given(tile, parent, occupancy),
        }
    }

    fn exact_given(&self, tile: &Tile, parent: &Tile, occupancy: u64) -> f64 {
        let (mut empty, mut all) = (0_u64, 0_u64);
        for top in (0..self.side).step_by(parent.extent(0).max(1) as usize) {
            for left in (0..self.side).step_by(parent.extent(1).max(1) as usize) {
                let bottom = (top + parent.extent(0)).min(self.side);
                let right = (left + parent.extent(1)).min(self.side);
                if self.within(top..bottom, left..right) != occupancy {
                    continue;
                }
                for row in (top..bottom).step_by(tile.extent(0).max(1) as usize) {
                    for column in (left..right).step_by(tile.extent(1).max(1) as usize) {
                        let rows = row..(row + tile.extent(0)).min(bottom);
                        let columns = column..(column + tile.extent(1)).min(right);
                        all += 1;
                        empty += u64::from(self.within(rows, columns) == 0);
                    }
                }
            }
        }
        if all == 0 { 1.0 } else { empty as f64 / all as f64 }
    }

    /// Timeloop takes the first parent tile with that occupancy and adds its place twice to the
    /// near corner, so that tiles of a parent away from the origin come out empty.
    fn timeloop_given(&self, tile: &Tile, parent: &Tile, occupancy: u64) -> f64 {
        let mut place = None;
        let mut column = 0;
        let mut row = None;
        self.timeloop_walk(parent.extent(0), parent.extent(1), |group, found, _| {
            if row != Some(group) {
                (row, column) = (Some(group), 0);
            }
            if found == occupancy {
                place = Some((group * parent.extent(0), column * parent.extent(1)));
                return false;
            }
            column += 1;
            true
        });
        let Some((top, left)) = place else { return 1.0 };
        let (height, width) = (tile.extent(0).max(1), tile.extent(1).max(1));
        let (down, across) = (parent.extent(0) / height, parent.extent(1) / width);
        if down * across == 0 {
            return 1.0;
        }
        let mut empty = 0_u64;
        for row in 0..down {
            for column in 0..across {
                let (first_row, first_column) = (2 * top + row * height, 2 * left + column * width);
                let (end_row, end_column) = (top + (row + 1) * height, left + (column + 1) * width);
                let holds = first_row < end_row
                    && first_column < end_column
                    && self.within(first_row..end_row, first_column..end_column) > 0;
                empty += u64::from(!holds);
            }
        }
        empty as f64 / (down * across) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brute(
        side: u64,
        width: u64,
        rows: std::ops::Range<u64>,
        columns: std::ops::Range<u64>,
    ) -> u64 {
        rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
            .filter(|(row, column)| *row < side && *column < side && row.abs_diff(*column) <= width)
            .count() as u64
    }

    #[test]
    fn boxes_and_tiles_hold_what_enumeration_finds() {
        for side in [1, 2, 5, 8, 12] {
            for width in 0..=side {
                let band = Banded::new(side, width, Rules::Exact);
                assert_eq!(band.nonzeros(), brute(side, width, 0..side, 0..side));
                for (height, across) in [(1, 1), (1, side), (2, 3), (4, 2), (3, 5), (side, side)] {
                    let mut counts = Vec::new();
                    for top in (0..side).step_by(height as usize) {
                        for left in (0..side).step_by(across as usize) {
                            let rows = top..(top + height).min(side);
                            let columns = left..(left + across).min(side);
                            counts.push(brute(side, width, rows, columns) as u32);
                        }
                    }
                    let tile = Tile::new(&[height, across]);
                    assert_eq!(
                        *band.histogram(&tile),
                        Histogram::of(&counts),
                        "{side} {width} {tile:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn timeloop_gives_the_figures_of_its_own_run() {
        // Oracle case 15: 16x16, half-width 2, Buffer tile 4x16. Half of the tiles hold 17 (the
        // first and last rows), half 20, and sub-tiles of one away from the origin look empty.
        let band = Banded::new(16, 2, Rules::Timeloop);
        let tile = Tile::new(&[4, 16]);
        let histogram = band.histogram(&tile);
        assert_eq!(band.nonzeros(), 74);
        assert_eq!((histogram.least(), histogram.greatest()), (0, 20));
        assert_eq!((histogram.probability(17), histogram.probability(20)), (0.5, 0.5));
        assert_eq!(band.empty_given(&Tile::new(&[1, 16]), &tile, 20), 1.0);
        assert_eq!(band.empty_given(&Tile::new(&[1, 16]), &tile, 17), 0.0);
        // One element of the whole matrix: 1 − 74/256.
        assert_eq!(
            band.empty_given(&Tile::point(2), &Tile::new(&[16, 16]), 74),
            1.0 - 74.0 / 256.0
        );
    }
}
