//! From the numbers of a figure to a drawing at its final size.

mod axis;
mod bars;
mod heat;
mod legend;
mod points;

use super::{
    data::{Content, Figure},
    paint::Scene,
    style::{Column, Style},
};

/// The figure at the size of a page's column.
#[must_use]
pub fn draw(figure: &Figure, style: Style, column: Column) -> Scene {
    match &figure.content {
        Content::Bars(bars) => bars::draw(bars, style, column),
        Content::Points(points) => points::draw(points, style, column),
        Content::Heat(heat) => heat::draw(heat, style, column),
    }
}
