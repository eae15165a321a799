//! Tables of partial sums: a filter adds one entry for every tile of columns.
//!
//! This is the `subset-table` plan. The tables of a group of tiles are filled for a block of
//! pixels, as many as stay in the first-level cache; then every filter adds its entries, which are
//! read at offsets from a stream. No branch depends on the weights, so few blocks of pixels are as
//! fast a block as many, and every load of an entry is aligned. What it costs is a load an add.

mod groups;
mod job;
mod lower;
mod model;
mod run;
mod subset;
mod tables;

pub(crate) use model::{MOST_INPUTS, plan_cycles};
pub(super) use run::block_lanes;
pub(super) use subset::SubsetTables;
