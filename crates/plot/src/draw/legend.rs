//! The legend above a plot, broken into rows that fit; plotters' own is a column inside the plot.

use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{
    chart::{Area, Drawn, words},
    element::Shape,
};
use crate::{
    paint::{Font, units, words_width},
    style::Style,
};

/// Width of a sample in points.
const SAMPLE: f64 = 16.0;
/// Between a sample and its name, and between entries.
const GAPS: (f64, f64) = (4.0, 10.0);

/// Places of a legend's entries.
pub(super) struct Legend {
    /// Left edge and row of every entry.
    places: Vec<(f64, usize)>,
    rows: usize,
    line: f64,
}

impl Legend {
    /// Breaks the names into rows between two edges. No names, or a single one that needs no
    /// telling apart, take no room.
    pub(super) fn of(names: &[&str], (left, right): (f64, f64), style: Style) -> Self {
        let line = style.type_size() * 1.35;
        if names.len() < 2 {
            return Self { places: Vec::new(), rows: 0, line };
        }
        let font = Font::of(style.face());
        let widths: Vec<f64> = names
            .iter()
            .map(|name| SAMPLE + GAPS.0 + words_width(name, font, style.type_size()))
            .collect();
        let ragged = ragged(&widths, (left, right));
        let rows = |places: &[(f64, usize)]| places.last().map_or(0, |(_, row)| row + 1);
        // Columns are easier to read, where they take no row more.
        let places = (1..=names.len())
            .rev()
            .find_map(|columns| aligned(&widths, columns, (left, right)))
            .filter(|aligned| rows(aligned) <= rows(&ragged))
            .unwrap_or(ragged);
        let rows = rows(&places);
        Self { places, rows, line }
    }

    /// Height in points, with a gap below.
    pub(super) fn height(&self) -> f64 {
        if self.rows == 0 { 5.0 } else { self.rows as f64 * self.line + 6.0 }
    }

    /// Draws the entries; `sample` gives what stands before a name, between two corners.
    pub(super) fn draw(
        &self,
        page: &Area<'_>,
        names: &[&str],
        style: Style,
        sample: impl Fn(usize, [(i32, i32); 2]) -> Vec<Shape<(i32, i32)>>,
    ) -> Drawn {
        let words = words(style).pos(Pos::new(HPos::Left, VPos::Center));
        for (index, (name, (x, row))) in names.iter().zip(&self.places).enumerate() {
            let top = 2.0 + *row as f64 * self.line;
            let bottom = top + self.line - 3.0;
            let corners = [(units(*x), units(top)), (units(x + SAMPLE), units(bottom))];
            for shape in sample(index, corners) {
                page.draw(&shape)?;
            }
            let at = (units(x + SAMPLE + GAPS.0), units((top + bottom) / 2.0));
            page.draw_text(name, &words, at)?;
        }
        Ok(())
    }
}

/// Entries one after the other, a new row where one does not fit.
fn ragged(widths: &[f64], (left, right): (f64, f64)) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (left, 0);
    let place = |width: &f64| {
        if x + width > right && x > left {
            (x, row) = (left, row + 1);
        }
        let place = (x, row);
        x += width + GAPS.1;
        place
    };
    widths.iter().map(place).collect()
}

/// Entries row by row in columns as wide as their widest one; nothing if they do not fit.
fn aligned(widths: &[f64], columns: usize, (left, right): (f64, f64)) -> Option<Vec<(f64, usize)>> {
    let widest = |column: usize| {
        widths.iter().skip(column).step_by(columns).fold(0.0_f64, |widest, own| widest.max(*own))
    };
    let mut starts = Vec::with_capacity(columns);
    let mut x = left;
    for column in 0..columns {
        starts.push(x);
        x += widest(column) + GAPS.1;
    }
    let fits = x - GAPS.1 <= right;
    fits.then(|| {
        (0..widths.len()).map(|index| (starts[index % columns], index / columns)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_in_columns_where_these_fit() {
        let widths = [30.0, 50.0, 40.0, 20.0];
        // 40 + 10 + 50 are at most 100, but three columns are not.
        let places = aligned(&widths, 2, (5.0, 105.0)).unwrap();
        assert_eq!(places, [(5.0, 0), (55.0, 0), (5.0, 1), (55.0, 1)]);
        assert_eq!(aligned(&widths, 3, (5.0, 105.0)), None);
        assert_eq!(ragged(&widths, (5.0, 105.0)), [(5.0, 0), (45.0, 0), (5.0, 1), (55.0, 1)]);
    }
}
