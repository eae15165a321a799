//! A measurement as a table for the terminal.

use std::fmt::Write as _;

use super::{LayerTime, Measurement, activation_name, competitor, ratios::scheme_ratios};
use crate::report::grid;
use signloop_kernel::Activations;

/// Columns of the table.
const COLUMNS: [&str; 13] = [
    "layer",
    "scheme",
    "kernel",
    "act",
    "threads",
    "density",
    "min_us",
    "median_us",
    "spread_%",
    "gmac_per_s",
    "adds_per_block",
    "code_kib",
    "vs_dense",
];

/// The table, the machine, what threads bring, and the ratios between schemes.
#[must_use]
pub fn measurement_table(measurement: &Measurement) -> String {
    let rows = &measurement.layers;
    let mut table = grid(&COLUMNS);
    for row in rows {
        // The fastest of them, where there are several.
        let dense = rows
            .iter()
            .filter(|other| competitor(&other.method).is_some() && beside(row, other))
            .min_by(|a, b| a.times.min_us.total_cmp(&b.times.min_us));
        table.add_row([
            row.layer.clone(),
            row.scheme_name(),
            row.method.clone(),
            activation_name(row.activations),
            row.threads.to_string(),
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
    text.push_str(&machine_line(measurement));
    text.push_str(&scaling(rows));
    text.push_str(&scheme_ratios(rows));
    text
}

/// Whether two rows are of the same layer, weights and activation type.
fn beside(row: &LayerTime, other: &LayerTime) -> bool {
    (&row.layer, row.scheme, row.weights, row.activations)
        == (&other.layer, other.scheme, other.weights, other.activations)
}

fn machine_line(measurement: &Measurement) -> String {
    let machine = &measurement.machine;
    format!(
        "{}, {} processors, load {}, {}, energy {}\n",
        machine.processor,
        machine.processors,
        machine.load_average.map_or_else(|| "unknown".into(), |load| format!("{load:.2}")),
        match machine.pinned_to {
            Some(processor) => format!("pinned to processor {processor}"),
            None => "not pinned".into(),
        },
        machine.energy
    )
}

/// Time of one thread over that of many, by kernel and activation type, summed over layers.
fn scaling(rows: &[LayerTime]) -> String {
    let mut sums: Vec<(&str, Activations, usize, f64, f64)> = Vec::new();
    for row in rows.iter().filter(|row| row.threads > 1) {
        let same = |other: &&LayerTime| {
            other.threads == 1 && other.method == row.method && beside(row, other)
        };
        let Some(one) = rows.iter().find(same) else { continue };
        let kind = (row.method.as_str(), row.activations, row.threads);
        let at = sums.iter().position(|(m, a, t, ..)| (*m, *a, *t) == kind).unwrap_or_else(|| {
            sums.push((kind.0, kind.1, kind.2, 0.0, 0.0));
            sums.len() - 1
        });
        sums[at].3 += one.times.min_us;
        sums[at].4 += row.times.min_us;
    }
    sums.into_iter().fold(String::new(), |mut text, (method, activations, threads, one, many)| {
        let speedup = one / many;
        let _ = writeln!(
            text,
            "{threads} threads, {method} {}: {speedup:.2} times as fast as one, efficiency {:.0} %",
            activation_name(activations),
            speedup / threads as f64 * 100.0
        );
        text
    })
}
