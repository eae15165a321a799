//! From the numbers of a figure to a drawing at its final size, by plotters.

mod bars;
mod chart;
mod element;
mod heat;
mod label;
mod legend;
mod names;
mod points;
mod scale;
mod ticks;

use super::{
    data::{Content, Figure},
    paint::Scene,
    style::{Column, Style},
};
use signloop_base::{Error, Result};

/// The figure at the size of a page's column.
///
/// # Errors
/// The layout leaves no room for the data: a broken promise inside the tool.
pub fn draw(figure: &Figure, style: Style, column: Column) -> Result<Scene> {
    match &figure.content {
        Content::Bars(bars) => bars::draw(bars, style, column),
        Content::Points(points) => points::draw(points, style, column),
        Content::Heat(heat) => heat::draw(heat, style, column),
    }
    .map_err(|error| Error::Internal(format!("`{}` cannot be drawn: {error}", figure.id)))
}
