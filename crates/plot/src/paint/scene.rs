//! A drawing as a list of shapes and words, in points from the top left; what SVG, PDF and PNG
//! are all written from.

use crate::style::{Colour, Face};

/// A place in points: right and down.
pub type Point = (f64, f64);

/// A line's look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub colour: Colour,
    /// Width in points.
    pub width: f64,
    /// Dashes in points; empty is solid.
    pub dashes: &'static [f64],
}

impl Stroke {
    /// A solid line.
    #[must_use]
    pub fn solid(colour: Colour, width: f64) -> Self {
        Self { colour, width, dashes: &[] }
    }
}

/// Which point of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// One thing drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A polygon or polyline.
    Shape {
        /// Corners.
        points: Vec<Point>,
        /// Whether the last corner joins the first.
        closed: bool,
        /// Filling.
        fill: Option<Colour>,
        /// Outline.
        stroke: Option<Stroke>,
    },
    /// Words on one line.
    Text {
        /// Place on the baseline.
        at: Point,
        /// What is written.
        text: String,
        /// Which point of it stands there.
        align: Align,
        /// Degrees, turned against the clock.
        angle: f64,
        /// Size in points.
        size: f64,
        /// Colour.
        colour: Colour,
    },
}

/// A drawing of a size.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Width in points.
    pub width: f64,
    /// Height in points.
    pub height: f64,
    /// Typeface of every word.
    pub face: Face,
    /// Things in the order in which they cover each other.
    pub items: Vec<Item>,
}

impl Scene {
    /// An empty drawing.
    #[must_use]
    pub fn new(width: f64, height: f64, face: Face) -> Self {
        Self { width, height, face, items: Vec::new() }
    }

    /// A straight line.
    pub fn line(&mut self, from: Point, to: Point, stroke: Stroke) {
        self.polyline(vec![from, to], stroke);
    }

    /// Straight lines from point to point.
    pub fn polyline(&mut self, points: Vec<Point>, stroke: Stroke) {
        self.items.push(Item::Shape { points, closed: false, fill: None, stroke: Some(stroke) });
    }

    /// A filled polygon.
    pub fn polygon(&mut self, points: Vec<Point>, fill: Option<Colour>, stroke: Option<Stroke>) {
        self.items.push(Item::Shape { points, closed: true, fill, stroke });
    }

    /// A rectangle between two corners.
    pub fn rectangle(
        &mut self,
        (left, top): Point,
        (right, bottom): Point,
        fill: Option<Colour>,
        stroke: Option<Stroke>,
    ) {
        let points = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
        self.polygon(points, fill, stroke);
    }

    /// Level words in black.
    pub fn text(&mut self, at: Point, text: impl Into<String>, align: Align, size: f64) {
        self.turned_text(at, text, align, size, 0.0);
    }

    /// Words in black, turned against the clock by some degrees around their place.
    pub fn turned_text(
        &mut self,
        at: Point,
        text: impl Into<String>,
        align: Align,
        size: f64,
        angle: f64,
    ) {
        let colour = Colour::BLACK;
        self.items.push(Item::Text { at, text: text.into(), align, angle, size, colour });
    }
}

/// Height of a capital over the type size; half of it centres a line of text on a place.
pub const CAP_HEIGHT: f64 = 0.66;

/// Depth of letters below the baseline over the type size.
pub const DESCENT: f64 = 0.22;
