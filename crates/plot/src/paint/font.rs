//! The typefaces inside the binary: widths and outlines.

use std::sync::OnceLock;

use ttf_parser::{Face as Parsed, GlyphId, OutlineBuilder};

use super::scene::Point;
use crate::style::Face;

/// A typeface, parsed.
pub struct Font {
    /// The file.
    pub bytes: &'static [u8],
    /// Family name.
    pub family: &'static str,
    /// Families with the same widths, for a viewer that does not load the embedded one.
    pub fallback: &'static str,
    parsed: Parsed<'static>,
}

static SERIF: &[u8] = include_bytes!("../fonts/SignloopSerif-Regular.ttf");
static SANS: &[u8] = include_bytes!("../fonts/SignloopSans-Regular.ttf");

impl Font {
    /// The font of a typeface.
    #[must_use]
    pub fn of(face: Face) -> &'static Self {
        static FONTS: OnceLock<[Font; 2]> = OnceLock::new();
        let fonts = FONTS.get_or_init(|| {
            let load = |bytes, family, fallback| Font {
                bytes,
                family,
                fallback,
                // The two files are part of the binary and a unit test opens both.
                parsed: Parsed::parse(bytes, 0).expect("the font inside the binary is whole"),
            };
            [
                load(SERIF, "Signloop Serif", "'Times New Roman', Times, serif"),
                load(SANS, "Signloop Sans", "Arial, Helvetica, sans-serif"),
            ]
        });
        match face {
            Face::Serif => &fonts[0],
            Face::Sans => &fonts[1],
        }
    }

    /// Font units an em.
    #[must_use]
    pub fn units(&self) -> f64 {
        f64::from(self.parsed.units_per_em())
    }

    /// Glyphs of the font.
    #[must_use]
    pub fn glyph_count(&self) -> u16 {
        self.parsed.number_of_glyphs()
    }

    /// The glyph of a character; 0 (a box) where there is none.
    #[must_use]
    pub fn glyph(&self, character: char) -> u16 {
        self.parsed.glyph_index(character).map_or(0, |glyph| glyph.0)
    }

    /// Every character with a glyph, in code order.
    #[must_use]
    pub fn characters(&self) -> Vec<(u16, char)> {
        ('\u{20}'..='\u{2fff}')
            .filter_map(|character| {
                let glyph = self.parsed.glyph_index(character)?;
                Some((glyph.0, character))
            })
            .collect()
    }

    /// Width of a glyph in font units.
    #[must_use]
    pub fn advance(&self, glyph: u16) -> u16 {
        self.parsed.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0)
    }

    /// Width of a text in points.
    #[must_use]
    pub fn width(&self, text: &str, size: f64) -> f64 {
        let units: u64 =
            text.chars().map(|character| u64::from(self.advance(self.glyph(character)))).sum();
        units as f64 * size / self.units()
    }

    /// Ascent, descent and capital height in font units.
    #[must_use]
    pub fn heights(&self) -> (i16, i16, i16) {
        let capital = self.parsed.capital_height().unwrap_or(self.parsed.ascender());
        (self.parsed.ascender(), self.parsed.descender(), capital)
    }

    /// The font's bounding box in font units.
    #[must_use]
    pub fn bounds(&self) -> [i16; 4] {
        let bounds = self.parsed.global_bounding_box();
        [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max]
    }

    /// Closed outlines of a glyph in font units, upward, curves cut into short lines.
    #[must_use]
    pub fn outline(&self, glyph: u16) -> Vec<Vec<Point>> {
        let mut outline = Outline::default();
        self.parsed.outline_glyph(GlyphId(glyph), &mut outline);
        outline.contours
    }
}

#[derive(Default)]
struct Outline {
    contours: Vec<Vec<Point>>,
}

impl Outline {
    fn last(&self) -> Point {
        self.contours.last().and_then(|contour| contour.last()).copied().unwrap_or_default()
    }

    fn push(&mut self, point: Point) {
        if let Some(contour) = self.contours.last_mut() {
            contour.push(point);
        }
    }
}

/// Lines a curve is cut into: at 300 dots an inch a glyph's curve is a few dots long.
const CURVE_STEPS: u32 = 6;

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.contours.push(vec![(x.into(), y.into())]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.push((x.into(), y.into()));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (from, via, to) = (self.last(), (f64::from(x1), f64::from(y1)), (x.into(), y.into()));
        for step in 1..=CURVE_STEPS {
            let t = f64::from(step) / f64::from(CURVE_STEPS);
            let mix = |a: f64, b: f64, c: f64| {
                (1.0 - t) * (1.0 - t) * a + 2.0 * t * (1.0 - t) * b + t * t * c
            };
            let to: Point = to;
            self.push((mix(from.0, via.0, to.0), mix(from.1, via.1, to.1)));
        }
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        // TrueType outlines have no cubic curves; one drawn as two quadratics stays close.
        let middle = ((x1 + x2) / 2.0, (y1 + y2) / 2.0);
        self.quad_to(x1, y1, middle.0, middle.1);
        self.quad_to(x2, y2, x, y);
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_hold_every_character_that_figures_use() {
        for face in [Face::Serif, Face::Sans] {
            let font = Font::of(face);
            for character in (' '..='~').chain("µΔσ×±−·≤≥²³".chars()) {
                assert_ne!(font.glyph(character), 0, "{character}");
                let blank = font.outline(font.glyph(character)).is_empty();
                assert_eq!(blank, character == ' ', "{character}");
            }
        }
    }

    #[test]
    fn widths_are_those_of_times_and_helvetica() {
        // Adobe's metrics give "0" 500 and 556 thousandths of an em, "m" 778 and 833.
        for (face, zero, m) in [(Face::Serif, 5.0, 7.78), (Face::Sans, 5.56, 8.33)] {
            let font = Font::of(face);
            assert!((font.width("0", 10.0) - zero).abs() < 0.01);
            assert!((font.width("m", 10.0) - m).abs() < 0.01);
        }
    }
}
