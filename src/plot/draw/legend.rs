//! The legend above a plot, broken into rows that fit; plotters' own is a column inside the plot.

use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{
    chart::{Area, Drawn, words},
    element::Shape,
};
use crate::plot::{
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
        let mut places = Vec::with_capacity(names.len());
        let (mut x, mut row) = (left, 0);
        for name in names {
            let needed = SAMPLE + GAPS.0 + words_width(name, font, style.type_size());
            if x + needed > right && x > left {
                (x, row) = (left, row + 1);
            }
            places.push((x, row));
            x += needed + GAPS.1;
        }
        Self { places, rows: row + 1, line }
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
