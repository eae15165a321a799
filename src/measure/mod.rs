//! Timing of kernels on this machine, and what it takes to compare them with the model.

mod cachegrind;
mod calibrate;
mod crosscheck;
mod fit;
mod machine;
mod run;
mod subject;
mod table;
mod timer;
mod work;

pub use cachegrind::{Counted, count};
pub use calibrate::{Calibration, calibrate};
pub use crosscheck::{
    Compared, Comparison, MEAN_BAND, ROW_BAND, compare, comparison_table, within_bands,
};
pub use fit::{Fit, Sample, fit};
pub use machine::{Machine, cache_bytes, energy_uj};
pub use run::{LayerTime, Measurement, Settings, measure_layers};
pub use subject::{Build, GEMM, Subject, programs};
pub use table::{activation_name, measurement_table};
pub use timer::{Effort, Times, interleave};
