//! What a simulation found, and how it is written.

pub mod accelerator;
mod csv;
pub mod gain;
pub mod map;
mod simulate;
pub(crate) mod table;
mod totals;
mod types;
mod write;

pub use csv::csv;
pub(crate) use csv::quoted;
pub(crate) use simulate::full_precision_counts;
pub use simulate::{CONVENTIONS, Request, cost_of, simulate};
pub use table::table;
pub use totals::{OpCountsTotal, OpTotals, Total, totals};
pub use types::{
    LayerReport, LayerResult, OpSummary, Provenance, Report, SCHEMA, Tool, WeightSummary,
    dram_bytes, ratio,
};
pub use write::write_atomically;
