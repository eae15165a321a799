//! Searching mappings of a network on an accelerator: layers, their fronts, and the front of the
//! network.

mod evaluate;
mod layers;
mod network;
mod request;
mod run;
mod simulate;
mod totals;

pub use evaluate::mapped;
pub use layers::{MapLayer, layers_of};
pub use request::{EVALUATIONS, MapRequest, Objective};
pub use run::map;
pub use simulate::{NetworkRequest, mapping_file, simulate_network};
