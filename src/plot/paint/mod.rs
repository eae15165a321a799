//! From a drawing to the bytes of a file: SVG, PDF and PNG.
//!
//! No library draws here: plotters sets words by guess and in whole pixels, and svg2pdf with its
//! text support brings over 70 crates. A figure needs lines, polygons and level or turned words of
//! one typeface; these writers do that, byte for byte the same on every run and machine.

mod font;
mod pdf;
mod png;
mod raster;
mod scene;
mod svg;

pub use font::Font;
pub use pdf::pdf;
pub use png::png;
pub use scene::{Align, CAP_HEIGHT, Item, Point, Scene, Stroke};
pub use svg::svg;

use super::data::Provenance;

/// Provenance, one fact a line; written into every file.
pub(super) fn provenance_lines(provenance: &Provenance) -> Vec<String> {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut lines = vec![format!("made by {}", provenance.tool), one_line(&provenance.command)];
    for (file, hash) in &provenance.inputs {
        lines.push(one_line(&format!("input {file} xxh3-128 {hash}")));
    }
    lines
}
