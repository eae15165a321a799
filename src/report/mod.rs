//! What a simulation found, and how it is written.

pub mod accelerator;
mod csv;
pub mod figure;
mod fit;
pub mod gain;
pub mod map;
mod ops_table;
mod simulate;
mod stats;
pub(crate) mod table;
mod totals;
mod trained;
mod types;
mod write;

pub use csv::csv;
pub(crate) use csv::quoted;
pub use fit::{Fewest, LayerBest, WorkingSet};
pub use ops_table::{CASES, Case, OpsRow, ops_table};
pub(crate) use simulate::full_precision_counts;
pub use simulate::{CONVENTIONS, Request, cost_of, simulate, simulate_verified};
pub use stats::{StatsRow, stats, stats_table};
pub(crate) use table::grid;
pub use table::table;
pub use totals::{OpCountsTotal, OpTotals, Total, totals};
pub use trained::{Against, Comparison, TrainedRow, against_random, trained_table};
pub use types::{
    LayerReport, LayerResult, OpSummary, Provenance, Report, SCHEMA, Tool, WeightSummary,
    dram_bytes, ratio,
};
pub use write::json;
