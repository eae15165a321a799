//! The model's times against measured ones.

use std::fmt::Write as _;

use serde::Serialize;

use super::{LayerTime, Measurement, names::activation_name};
use crate::report::grid;
pub use crate::report::{MEAN_BAND, ROW_BAND};
use signloop_cpu::{KernelWork, kernel_cycles};
use signloop_kernel::Activations;
use signloop_machine::CpuArch;

/// A measured row with what the model says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Layer.
    pub layer: String,
    /// Scheme of its weights.
    pub scheme: String,
    /// Method that was compiled.
    pub method: String,
    /// Activation type: `fp32`, `u8`.
    pub activations: String,
    /// Fastest run.
    pub measured_us: f64,
    /// Interquartile range over the median of the measurement.
    pub spread: f64,
    /// Model with the machine's calibrated kernel rates.
    pub predicted_us: f64,
    /// Predicted over measured, less one.
    pub error: f64,
    /// What the model says takes the most time.
    pub bound_by: &'static str,
}

/// All rows and the verdict, as written to a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the machine's description.
    pub arch: String,
    /// Mean of the rows' errors without sign.
    pub mean_error: f64,
    /// Largest of them.
    pub largest_error: f64,
    /// Whether both keep to the bands.
    pub within_bands: bool,
    /// One row a layer, scheme, method and activation type.
    pub rows: Vec<Compared>,
}

impl Comparison {
    /// Judges rows.
    #[must_use]
    pub fn new(arch: &CpuArch, rows: Vec<Compared>) -> Self {
        Self {
            arch: arch.name.clone(),
            mean_error: mean(&rows),
            largest_error: worst(&rows),
            within_bands: within_bands(&rows),
            rows,
        }
    }
}

/// Compares every kernel's time; `None` if the description has no kernel rates.
#[must_use]
pub fn compare(
    arch: &CpuArch,
    measurement: &Measurement,
    cache_bytes: usize,
) -> Option<Vec<Compared>> {
    let rates = arch.kernel.as_ref()?;
    let rows = measurement.layers.iter().filter_map(|row| {
        let rates = match row.activations {
            Activations::Fp32 => &rates.fp32,
            Activations::Unsigned { .. } => &rates.int16,
        };
        let cycles = kernel_cycles(&work(row, cache_bytes)?, rates);
        let predicted_us = cycles.total.at_ghz(arch.core.clock_ghz.value).0;
        Some(Compared {
            layer: row.layer.clone(),
            scheme: row.scheme_name(),
            method: row.method.clone(),
            activations: activation_name(row.activations),
            measured_us: row.times.min_us,
            spread: row.times.spread,
            predicted_us,
            error: predicted_us / row.times.min_us - 1.0,
            bound_by: cycles.bound_by,
        })
    });
    Some(rows.collect())
}

fn work(row: &LayerTime, cache_bytes: usize) -> Option<KernelWork> {
    let steps = row.steps?;
    let streams =
        if row.code_bytes * 4 > cache_bytes * 3 { row.blocks.div_ceil(row.tile) } else { 0 };
    Some(KernelWork {
        adds: steps.adds,
        loads: steps.tap_loads + steps.slot_loads,
        stores: steps.slot_stores,
        finishes: steps.finishes,
        blocks: row.blocks as u64,
        far_code_bytes: (row.code_bytes * streams) as u64,
    })
}

/// Whether errors keep to the bands.
#[must_use]
pub fn within_bands(rows: &[Compared]) -> bool {
    mean(rows) <= MEAN_BAND && worst(rows) <= ROW_BAND
}

fn mean(rows: &[Compared]) -> f64 {
    rows.iter().map(|row| row.error.abs()).sum::<f64>() / rows.len().max(1) as f64
}

fn worst(rows: &[Compared]) -> f64 {
    rows.iter().fold(0.0, |worst, row| worst.max(row.error.abs()))
}

/// The comparison as a table, with the verdict.
#[must_use]
pub fn comparison_table(arch: &CpuArch, rows: &[Compared]) -> String {
    let mut table = grid(&[
        "layer",
        "scheme",
        "kernel",
        "act",
        "measured_us",
        "spread_%",
        "predicted_us",
        "error_%",
        "bound by",
    ]);
    for row in rows {
        table.add_row([
            row.layer.clone(),
            row.scheme.clone(),
            row.method.clone(),
            row.activations.clone(),
            format!("{:.1}", row.measured_us),
            format!("{:.1}", row.spread * 100.0),
            format!("{:.1}", row.predicted_us),
            format!("{:+.1}", row.error * 100.0),
            row.bound_by.to_owned(),
        ]);
    }
    let mut text: String =
        table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n");
    let verdict = if within_bands(rows) { "within" } else { "outside" };
    let _ = writeln!(
        text,
        "\nmean error {:.1} % (band {:.0} %), largest {:.1} % (band {:.0} %): {verdict} the bands, on {}",
        mean(rows) * 100.0,
        MEAN_BAND * 100.0,
        worst(rows) * 100.0,
        ROW_BAND * 100.0,
        arch.name
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(error: f64) -> Compared {
        Compared {
            layer: String::new(),
            scheme: String::new(),
            method: String::new(),
            activations: String::new(),
            measured_us: 1.0,
            spread: 0.0,
            predicted_us: 1.0 + error,
            error,
            bound_by: "",
        }
    }

    #[test]
    fn bands_hold_the_mean_and_every_row() {
        assert!(within_bands(&[row(0.12), row(-0.12)]));
        assert!(!within_bands(&[row(0.2), row(-0.2)]));
        assert!(!within_bands(&[row(0.0), row(0.0), row(0.0), row(-0.26)]));
    }
}
