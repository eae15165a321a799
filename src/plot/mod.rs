//! Figures at their final size, with the data beside them.
//!
//! A [`Figure`] is numbers and words. [`draw`] turns it into a [`Scene`], which [`svg`], [`pdf`]
//! and [`png`] write; [`csv`] and [`tex`] write the same numbers for other tools. [`files`] does
//! all of it.

mod data;
mod draw;
mod export;
mod from;
mod paint;
mod style;
mod words;
mod write;

pub use data::{
    Axis, BarFigure, Content, DataPoint, Figure, HeatFigure, Layout, Marks, PointFigure,
    PointSeries, Provenance, Series,
};
pub use draw::draw;
pub use export::{csv, tex};
pub use from::{
    Choice, FIGURES, GainRow, Input, Kind, LatentGroup, Measured, PatternRow, RUN_FILES, Recipe,
    gain_figure, gauss_over_laplace, latent_figure, pattern_figure, recipe, tradeoff_figures,
};
pub use paint::{Scene, pdf, png, svg};
pub use style::{Column, Face, Style};
pub use write::{TOOL, files, hash, write_all};
