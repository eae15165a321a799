//! What a search for mappings found: layers, their fronts, and the front of the network.

mod network;
mod print;
mod run;
mod types;

pub use print::{csv, table};
pub use run::{MapLayer, MapRequest, Objective, layers_of, map};
pub use types::{LayerMap, MapReport, MapTotal, NetworkPoint, Solved};
