//! Timeloop v0.4 YAML (architecture, problem, mapping, ERT, sparse optimisations) into this
//! crate's own descriptions. Keys outside the supported part are errors that say so.

mod architecture;
mod dialect;
mod energy;
mod import;
mod mapping;
mod problem;
mod sparse;

pub use import::{Imported, import, parse};
