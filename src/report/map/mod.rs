//! What a search for mappings found: layers, their fronts, and the front of the network.

mod evaluate;
mod layers;
mod network;
mod print;
mod run;
mod simulate;
mod totals;
mod types;

pub use evaluate::mapped;
pub use layers::{MapLayer, layers_of};
pub use print::{csv, table};
pub use run::{MapRequest, Objective, map};
pub use simulate::{EVALUATIONS, NetworkRequest, mapping_file, simulate_network};
pub use types::{LayerMap, MapReport, MapTotal, NetworkPoint, SCHEMA, Solved, Statistical};
