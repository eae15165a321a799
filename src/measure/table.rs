//! A measurement as a table for the terminal.

use std::fmt::Write as _;

use super::{GEMM, LayerTime, Measurement};
use crate::{kernel::Activations, quant::Scheme, report::grid};

/// The name of an activation type.
#[must_use]
pub fn activation_name(activations: Activations) -> String {
    match activations {
        Activations::Fp32 => "fp32".into(),
        Activations::Unsigned { bits } => format!("u{bits}"),
    }
}

/// The table, the machine, and the ratios between schemes.
#[must_use]
pub fn measurement_table(measurement: &Measurement) -> String {
    let mut table = grid(&[
        "layer",
        "scheme",
        "kernel",
        "act",
        "density",
        "min_us",
        "median_us",
        "spread_%",
        "gmac_per_s",
        "adds_per_block",
        "code_kib",
        "vs_gemm",
    ]);
    for row in &measurement.layers {
        let dense = measurement.layers.iter().find(|other| {
            other.method == GEMM && other.layer == row.layer && other.scheme == row.scheme
        });
        table.add_row([
            row.layer.clone(),
            row.scheme.to_string(),
            row.method.clone(),
            activation_name(row.activations),
            format!("{:.3}", row.density),
            format!("{:.1}", row.times.min_us),
            format!("{:.1}", row.times.median_us),
            format!("{:.1}", row.times.spread * 100.0),
            format!("{:.1}", row.gmac_per_s),
            row.steps.map_or_else(String::new, |steps| steps.adds.to_string()),
            format!("{}", row.code_bytes.div_ceil(1024)),
            dense.map_or_else(String::new, |dense| {
                format!("{:.2}", dense.times.min_us / row.times.min_us)
            }),
        ]);
    }
    let mut text: String =
        table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n");
    text.push('\n');
    let machine = &measurement.machine;
    let _ = writeln!(
        text,
        "{}, {} processors, load {}, {}, energy {}",
        machine.processor,
        machine.processors,
        machine.load_average.map_or_else(|| "unknown".into(), |load| format!("{load:.2}")),
        match machine.pinned_to {
            Some(processor) => format!("pinned to processor {processor}"),
            None => "not pinned".into(),
        },
        machine.energy
    );
    text.push_str(&scheme_ratios(&measurement.layers));
    text
}

/// Time and adds of binary and ternary over those of signed-binary, by kernel and activation.
fn scheme_ratios(rows: &[LayerTime]) -> String {
    let mut text = String::new();
    let mut kinds: Vec<(&str, Activations)> = Vec::new();
    for row in rows.iter().filter(|row| row.method != GEMM) {
        if !kinds.contains(&(row.method.as_str(), row.activations)) {
            kinds.push((&row.method, row.activations));
        }
    }
    for (method, activations) in kinds {
        let sum = |scheme: Scheme, value: &dyn Fn(&LayerTime) -> f64| -> Option<f64> {
            let own: Vec<&LayerTime> = rows
                .iter()
                .filter(|r| {
                    r.method == method && r.activations == activations && r.scheme == scheme
                })
                .collect();
            (!own.is_empty()).then(|| own.into_iter().map(value).sum())
        };
        let time = |row: &LayerTime| row.times.min_us;
        let adds = |row: &LayerTime| row.steps.map_or(0.0, |s| s.adds as f64) * row.blocks as f64;
        let base = (sum(Scheme::SignedBinary, &time), sum(Scheme::SignedBinary, &adds));
        let (Some(base_time), Some(base_adds)) = base else { continue };
        let mut parts = Vec::new();
        for scheme in [Scheme::Binary, Scheme::Ternary, Scheme::ZeroOne] {
            if let (Some(time), Some(adds)) = (sum(scheme, &time), sum(scheme, &adds)) {
                parts.push(format!(
                    "{scheme} {:.2} (adds {:.2})",
                    time / base_time,
                    adds / base_adds
                ));
            }
        }
        if !parts.is_empty() {
            let _ = writeln!(
                text,
                "time over signed-binary, {method} {}: {}",
                activation_name(activations),
                parts.join(", ")
            );
        }
    }
    if !text.is_empty() {
        text.push_str(
            "published (arXiv:2312.01581, one kernel of 2023): binary 1.26, ternary 1.75 or more. Times \
             here follow the adds: zeros save few of them once equal patterns are shared.\n",
        );
    }
    text
}
