//! Figures at their final size, with the data beside them.
//!
//! A [`Figure`] is numbers and words. [`draw`] turns it into a [`Scene`], which [`svg`], [`pdf`]
//! and [`png`] write; [`csv`] and [`tex`] write the same numbers for other tools. [`files`] does
//! all of it.

#![forbid(unsafe_code)]

mod data;
mod draw;
mod export;
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
pub use paint::{Scene, pdf, png, svg};
pub use style::{Column, Face, Style};
pub use write::{TOOL, files, hash, write_all};
