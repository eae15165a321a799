//! What plotters has no element for: dashes, hatches, five of the markers, leaning words.

use std::convert::Infallible;

use plotters::element::{Drawable, PointCollection};
use plotters_backend::{BackendCoord, DrawingErrorKind};

use crate::{
    paint::{Align, CAP_HEIGHT, Item, Point, Scene, SceneBackend, Stroke, points},
    style::{Colour, Marker, colour, hatches},
};

/// Width of axis lines in points.
pub(super) const AXIS_LINE: f64 = 0.5;
/// Half the size of a marker in points.
pub(super) const MARKER: f64 = 2.2;
/// Distance of hatch lines in points.
const HATCH_STEP: f64 = 4.0;
/// Width of hatch lines in points.
const HATCH_LINE: f64 = 0.6;

/// How an element looks on the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look {
    /// A line through all places.
    Line(Stroke),
    /// A bar between two corners, filled and hatched as series `.0` of `.1`.
    Bar(usize, usize),
    /// A filled rectangle between two corners, with an outline.
    Cell(Option<Colour>, Option<Stroke>),
    /// A marker at each place.
    Mark(Marker, Colour),
    /// Words that end at the place and rise to it by 45 degrees, in a size in points.
    Leaning(String, f64),
    /// Words in the middle of two corners, in a size in points.
    Inside(String, f64, Colour),
}

/// A look at some places, in the coordinates of a chart or of a part of the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape<C> {
    pub(super) places: Vec<C>,
    pub(super) look: Look,
}

impl<C> Shape<C> {
    pub(super) fn new(places: Vec<C>, look: Look) -> Self {
        Self { places, look }
    }
}

impl<'a, C> PointCollection<'a, C> for &'a Shape<C> {
    type Point = &'a C;
    type IntoIter = &'a [C];

    fn point_iter(self) -> &'a [C] {
        &self.places
    }
}

impl<C> Drawable<SceneBackend<'_>> for Shape<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        places: I,
        backend: &mut SceneBackend<'_>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        paint(backend.scene(), &self.look, places.map(points).collect());
        Ok(())
    }
}

fn paint(scene: &mut Scene, look: &Look, places: Vec<Point>) {
    match (look, &places[..]) {
        (Look::Line(stroke), _) => scene.polyline(places, *stroke),
        (Look::Mark(marker, colour), _) => {
            for place in places {
                mark(scene, place, *marker, *colour);
            }
        }
        (Look::Bar(series, of), [from, to]) => bar(scene, *from, *to, *series, *of),
        (Look::Cell(fill, stroke), [from, to]) => scene.rectangle(*from, *to, *fill, *stroke),
        (Look::Leaning(text, size), [(x, y)]) => {
            let half = size * CAP_HEIGHT / 2.0 * std::f64::consts::FRAC_1_SQRT_2;
            let at = (x + half, y + half);
            scene.turned_text(at, text, Align::End, *size, 45.0);
        }
        (Look::Inside(text, size, colour), [from, to]) => scene.items.push(Item::Text {
            at: ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0 + size * CAP_HEIGHT / 2.0),
            text: text.clone(),
            align: Align::Middle,
            angle: 0.0,
            size: *size,
            colour: *colour,
        }),
        // Every look is made with the places it needs.
        _ => {}
    }
}

/// A filled and hatched bar between two opposite corners.
fn bar(scene: &mut Scene, one: Point, other: Point, series: usize, of: usize) {
    let from = (one.0.min(other.0), one.1.min(other.1));
    let to = (one.0.max(other.0), one.1.max(other.1));
    scene.rectangle(from, to, Some(colour(series, of)), None);
    for direction in hatches(series) {
        for (a, b) in hatch_lines(from, to, *direction) {
            scene.line(a, b, Stroke::solid(colour(series, of).hatch(), HATCH_LINE));
        }
    }
}

/// Parallel lines clipped to a rectangle.
fn hatch_lines(
    (left, top): Point,
    (right, bottom): Point,
    direction: (i32, i32),
) -> Vec<(Point, Point)> {
    let (width, height) = (right - left, bottom - top);
    let mut lines = Vec::new();
    let mut place = HATCH_STEP / 2.0;
    match direction {
        (1, 0) => {
            while place < height {
                lines.push(((left, top + place), (right, top + place)));
                place += HATCH_STEP;
            }
        }
        (0, 1) => {
            while place < width {
                lines.push(((left + place, top), (left + place, bottom)));
                place += HATCH_STEP;
            }
        }
        (_, dy) => {
            // x + y = place inside the rectangle, mirrored for falling lines.
            while place < width + height {
                let from = ((place - height).max(0.0), place.min(height));
                let to = (place.min(width), (place - width).max(0.0));
                let corner = |(x, y): Point| (left + x, if dy < 0 { top + y } else { bottom - y });
                lines.push((corner(from), corner(to)));
                place += HATCH_STEP * std::f64::consts::SQRT_2;
            }
        }
    }
    lines
}

fn mark(scene: &mut Scene, (x, y): Point, marker: Marker, colour: Colour) {
    let r = MARKER;
    let corners: Vec<Point> = match marker {
        Marker::Circle => (0..16)
            .map(|corner| {
                let (sin, cos) = (std::f64::consts::FRAC_PI_8 * f64::from(corner)).sin_cos();
                (x + r * cos, y + r * sin)
            })
            .collect(),
        Marker::Square => {
            let r = r * 0.9;
            vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
        }
        Marker::Up => {
            vec![(x, y - r * 1.2), (x + r * 1.1, y + r * 0.8), (x - r * 1.1, y + r * 0.8)]
        }
        Marker::Down => {
            vec![(x, y + r * 1.2), (x + r * 1.1, y - r * 0.8), (x - r * 1.1, y - r * 0.8)]
        }
        Marker::Diamond => {
            let r = r * 1.25;
            vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)]
        }
        Marker::Cross => {
            let stroke = Stroke::solid(colour, 1.0);
            scene.line((x - r, y - r), (x + r, y + r), stroke);
            scene.line((x - r, y + r), (x + r, y - r), stroke);
            return;
        }
    };
    scene.polygon(corners, Some(colour), Some(Stroke::solid(Colour::WHITE, AXIS_LINE)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hatch_lines_stay_inside_their_bar() {
        for direction in [(1, -1), (1, 1), (1, 0), (0, 1)] {
            let lines = hatch_lines((10.0, 5.0), (31.0, 48.0), direction);
            assert!(!lines.is_empty());
            for (x, y) in lines.into_iter().flat_map(|(a, b)| [a, b]) {
                let inside = (10.0..=31.0).contains(&x) && (5.0..=48.0).contains(&y);
                assert!(inside, "{direction:?} {x} {y}");
            }
        }
    }
}
