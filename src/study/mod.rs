//! Studies: each answers one question with the whole of the machinery.
//!
//! - [`simulate()`]: what does a network cost on a processor? ([`accelerator`], [`map`]: on an accelerator)
//! - [`ops_table()`], [`stats()`], [`trained`]: how much do weights repeat, random and trained ones?
//! - [`gain`]: what does a scheme gain on an accelerator?
//! - [`sweep`]: every combination of machines, networks and keys; [`check`]: did a number change?
//! - [`measure`]: how long does it take here? [`reproduce`]: which published claims hold?
//!
//! [`selection`] is what they share: names and files to machines, networks and weights.

pub mod accelerator;
pub mod check;
pub mod gain;
pub mod map;
pub mod measure;
mod ops_table;
pub mod reproduce;
pub mod selection;
mod simulate;
mod stats;
pub mod sweep;
pub mod trained;

pub use ops_table::{CASES, Case, OpsRow, ops_table};
pub use simulate::{CONVENTIONS, Counted, Request, cost_of, simulate, simulate_verified};
pub use stats::{StatsRow, stats, stats_table};
