//! What every part of signloop stands on: problems with spans, errors, units, files.
//!
//! Bad input becomes [`diagnostics`]: each [`diagnostics::Problem`] names the file, the place, what
//! was expected and a hint, and all of a file's problems are told at once. [`config`] reads TOML and
//! YAML that way. [`units`] are quantities that cannot be mixed up, [`files`] writes results
//! that are whole or absent, [`memory`] bounds what files make a command take, and [`text`] makes names from files harmless where they leave.

#![forbid(unsafe_code)]

pub mod config;
pub mod diagnostics;
mod error;
pub mod files;
pub mod memory;
pub mod refusals;
pub mod text;
pub mod units;

pub use error::{Error, Result};
