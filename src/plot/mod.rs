//! Figures at their final size, with the data beside them.
//!
//! A [`BarFigure`] is numbers and words; [`svg`] draws it, [`csv`] and [`tex`] write the same
//! numbers for other tools. Nothing is recomputed here: every number comes from a report.

mod bars;
mod data;
mod export;
mod style;

pub use bars::svg;
pub use data::{BarFigure, FIGURES, Layout, Provenance, Series, figure};
pub use export::{csv, tex};
pub use style::{Column, Style};
