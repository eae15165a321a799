//! Timing of kernels on this machine, and what it takes to compare them with the model.

mod cachegrind;
mod calibrate;
mod crosscheck;
mod fit;
mod machine;
mod names;
mod programs;
mod ratios;
mod run;
mod subject;
mod table;
mod timer;
mod work;

pub use cachegrind::{COUNT_BAND, CountedRow, count_rows, count_table, counts_within};
pub use calibrate::{Calibration, calibrate};
pub use crosscheck::{
    Compared, Comparison, MEAN_BAND, ROW_BAND, compare, comparison_table, within_bands,
};
pub use fit::{Fit, Sample, fit};
pub use machine::{Machine, cache_bytes, energy_uj};
pub use names::activation_name;
pub use programs::programs;
pub use run::{LayerTime, Measurement, Settings, WeightKind, measure_layers};
pub use subject::{Build, DENSE_AMX, DENSE_INT8, GEMM, Subject, competitor};
pub use table::measurement_table;
pub use timer::{Effort, Times, interleave};
