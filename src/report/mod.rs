//! What a simulation found, and how it is written.

mod csv;
mod simulate;
pub(crate) mod table;
mod types;
mod write;

pub use csv::csv;
pub use simulate::{CONVENTIONS, Request, cost_of, simulate};
pub use table::table;
pub use types::{
    LayerReport, LayerResult, OpSummary, Report, SCHEMA, Total, WeightSummary, ratio, totals,
};
pub use write::write_atomically;
