//! The legend above a plot, broken into rows that fit.

use crate::plot::{
    paint::{Align, CAP_HEIGHT, Font, Point, Scene},
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
            let needed = SAMPLE + GAPS.0 + font.width(name, style.type_size());
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

    /// Draws the entries; `sample` draws what stands before a name, between two corners.
    pub(super) fn draw(
        &self,
        scene: &mut Scene,
        names: &[&str],
        style: Style,
        mut sample: impl FnMut(&mut Scene, usize, Point, Point),
    ) {
        for (index, (name, (x, row))) in names.iter().zip(&self.places).enumerate() {
            let top = 2.0 + *row as f64 * self.line;
            let bottom = top + self.line - 3.0;
            sample(scene, index, (*x, top), (x + SAMPLE, bottom));
            let baseline = (top + bottom) / 2.0 + style.type_size() * CAP_HEIGHT / 2.0;
            let at = (x + SAMPLE + GAPS.0, baseline);
            scene.text(at, *name, Align::Start, style.type_size());
        }
    }
}
