//! What a search for mappings found: layers, their fronts, and the front of the network.

mod print;
mod types;

pub use print::{csv, table};
pub use types::{LayerMap, MapReport, MapTotal, NetworkPoint, SCHEMA, Solved, Statistical};
