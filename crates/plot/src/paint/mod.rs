//! From a drawing to the bytes of a file: SVG, PDF and PNG.
//!
//! Charts are drawn by plotters on a [`SceneBackend`], which measures words with the embedded
//! typeface. What plotters' own back ends lack is here: text of a known size in points, fonts
//! inside SVG and PDF (svg2pdf with its text support brings over 70 crates), provenance, and bytes
//! that are the same on every run and machine.

mod backend;
mod font;
mod pdf;
mod png;
mod raster;
mod scene;
mod svg;
mod words;

pub use backend::{SceneBackend, points, units};
pub use font::Font;
pub use pdf::pdf;
pub use png::png;
pub use scene::{Align, CAP_HEIGHT, DESCENT, Item, Point, Scene, Stroke};
pub use svg::svg;
pub use words::words_width;

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
