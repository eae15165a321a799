//! What an accelerator evaluation found, and how it is written.

mod csv;
mod table;
mod types;

pub use csv::csv;
pub use table::table;
pub use types::{AcceleratorReport, Accesses, ComputeReport, LevelReport, SCHEMA, TensorReport};
