//! What a simulation found, and how it is written.

pub mod accelerator;
mod bands;
mod best;
mod csv;
pub mod figure;
mod fit;
pub mod map;
pub(crate) mod table;
mod totals;
mod types;
mod write;

pub use bands::{MEAN_BAND, ROW_BAND};
pub use best::{Fewest, LayerBest, WorkingSet};
pub use csv::csv;
pub(crate) use csv::quoted;
pub(crate) use fit::best;
pub(crate) use table::grid;
pub use table::table;
pub use totals::totals;
pub use types::{
    LayerReport, LayerResult, OpCountsTotal, OpSummary, OpTotals, Provenance, Report, SCHEMA, Tool,
    Total, WeightSummary, dram_bytes, ratio,
};
pub use write::json;
