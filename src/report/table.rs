//! The report for people.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use super::{
    fit,
    types::{Report, Total, dram_bytes},
};

/// The tables and the relative summary.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut text = format!("{} on {}\n\n", report.workload, report.arch);
    let (layers, totals) = (layer_grid(report), total_grid(report));
    let _ = writeln!(
        text,
        "{layers}\n\nTotals of the quantised layers (fp32 layers apart)\n{totals}\n"
    );
    for weights in &report.weights {
        let _ = writeln!(text, "weights, {}: {}", weights.scheme, weights.provenance);
    }
    for convention in &report.conventions {
        let _ = writeln!(text, "note: {convention}");
    }
    for skipped in &report.skipped {
        let _ = writeln!(text, "skipped: {skipped}");
    }
    if let Some(done) = report.verified {
        let _ = writeln!(
            text,
            "verified: {} programs equal the dense product on random integers, {} evaluations; {} \
             closed forms have no program",
            done.programs, done.evaluations, done.closed_forms
        );
    }
    let _ = write!(text, "\n{}\n{}", fit::summary(report), summary(&report.totals));
    text
}

/// One row a layer, scheme and method.
fn layer_grid(report: &Report) -> Table {
    let mut layers = grid(&[
        "layer",
        "scheme",
        "method",
        "density",
        "adds/pos",
        "reduction",
        "DRAM kB",
        "cycles",
        "bound by",
        "energy uJ",
    ]);
    for layer in &report.layers {
        for result in &layer.results {
            let (read, write) = dram_bytes(&result.traffic);
            layers.add_row([
                layer.name.clone(),
                result.scheme.clone(),
                result.method.clone(),
                format!("{:.3}", result.weights.density),
                result.ops.counts.adds.to_string(),
                format!("{:.2}x", result.ops.arithmetic_reduction),
                format!("{:.1}", (read + write) as f64 / 1e3),
                format!("{:.0}", result.cycles.total.0),
                result.cycles.bound_by.to_owned(),
                format!("{:.2}", result.energy_pj.total.0 / 1e6),
            ]);
        }
    }
    layers
}

/// One row a scheme and method.
fn total_grid(report: &Report) -> Table {
    let mut totals = grid(&[
        "scheme",
        "method",
        "layers",
        "effectual",
        "density",
        "adds",
        "reduction",
        "DRAM kB",
        "time us",
        "energy uJ",
        "of it static",
    ]);
    for total in &report.totals {
        let (read, write) = dram_bytes(&total.traffic);
        totals.add_row([
            total.scheme.clone(),
            total.method.clone(),
            total.layers.to_string(),
            total.weights.effectual.to_string(),
            format!("{:.3}", total.weights.density),
            total.ops.counts.adds_total.to_string(),
            format!("{:.2}x", total.ops.arithmetic_reduction),
            format!("{:.1}", (read + write) as f64 / 1e3),
            format!("{:.1}", total.time_us.0),
            format!("{:.2}", total.energy_pj.total.0 / 1e6),
            format!(
                "{:.0} %",
                100.0 * total.energy_pj.static_energy.0 / total.energy_pj.total.0.max(1e-12)
            ),
        ]);
    }
    totals
}

/// Each scheme beside the first, under the method that takes the least time for each.
fn summary(totals: &[Total]) -> String {
    let mut best: Vec<&Total> = Vec::new();
    for total in totals.iter().filter(|total| total.scheme != "fp32") {
        match best.iter_mut().find(|other| other.scheme == total.scheme) {
            Some(other) if total.time_us.0 < other.time_us.0 => *other = total,
            Some(_) => {}
            None => best.push(total),
        }
    }
    let mut text = String::new();
    let Some((base, others)) = best.split_first() else { return text };
    for other in others {
        let _ = writeln!(
            text,
            "{} ({}) vs {} ({}): {}, {}, {}, {}",
            other.scheme,
            other.method,
            base.scheme,
            base.method,
            compare(
                base.weights.effectual as f64,
                other.weights.effectual as f64,
                "effectual parameters"
            ),
            compare(base.ops.counts.adds_total as f64, other.ops.counts.adds_total as f64, "adds"),
            compare(base.time_us.0, other.time_us.0, "modelled time"),
            compare(base.energy_pj.total.0, other.energy_pj.total.0, "modelled energy"),
        );
    }
    text
}

fn compare(base: f64, other: f64, what: &str) -> String {
    let fewer = if what.ends_with('s') { "fewer" } else { "less" };
    if other > 0.0 && base >= other {
        format!("{:.2}x {fewer} {what}", base / other)
    } else {
        format!("{:.2}x more {what}", other / base.max(f64::MIN_POSITIVE))
    }
}

/// A grid whose first columns are words and the others numbers.
pub(crate) fn grid(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.to_vec());
    for (index, column) in table.column_iter_mut().enumerate() {
        if index >= 2 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
