//! Timeloop YAML of versions 0.2 to 0.4 (architecture, problem, mapping, ERT, sparse optimisations) into this
//! crate's own descriptions. Keys that may change a number and are not supported
//! are errors that say so; those that Timeloop never reads are left out and listed.

mod architecture;
mod dialect;
mod energy;
mod import;
mod mapping;
mod plain;
mod problem;
mod sparse;

pub use import::{Imported, import, parse};
