//! Timing of kernels on this machine, and what it takes to compare them with the model.

mod machine;
mod run;
mod subject;
mod table;
mod timer;

pub use machine::{Machine, cache_bytes, energy_uj};
pub use run::{LayerTime, Measurement, Settings, measure_layers};
pub use subject::{Build, GEMM, Subject};
pub use table::{activation_name, measurement_table};
pub use timer::{Effort, Times, interleave};
