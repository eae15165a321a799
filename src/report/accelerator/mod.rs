//! What an accelerator evaluation found, and how it is written.

mod csv;
mod instance;
mod table;
mod types;

pub use csv::csv;
pub use instance::{InstanceAccesses, InstanceReport, RankReport};
pub use table::table;
pub use types::{AcceleratorReport, Accesses, ComputeReport, LevelReport, SCHEMA, TensorReport};
