//! `subset-table`: sums of small tiles of inputs from a table ("Four Russians").
//!
//! The N inputs are cut into tiles of t. A tile's table holds the partial sums that some filter
//! needs, up to sign, and those they are built from; every entry is one add. A filter then adds
//! one entry a tile: Σ_tiles entries + Σ_filters (tiles with a non-zero pattern − 1).

mod method;
mod pattern;
mod plan;

pub use method::SubsetTable;
pub use pattern::Pattern;
pub use plan::{Closure, Form, TableEntry, TableOperand, TablePlan, TableTile};
