//! The report of a search for people and for spreadsheets.

use std::fmt::Write as _;

use super::types::MapReport;
use crate::report::{csv::quoted, table::grid};

/// Tables of layers and totals, the network's front, and the mapping where there is one layer.
#[must_use]
pub fn table(report: &MapReport) -> String {
    let mut text = format!("{} on {} (rules: {})\n\n", report.workload, report.arch, report.rules);
    let mut layers = grid(&[
        "layer",
        "scheme",
        "density",
        "MACs",
        "energy uJ",
        "pJ/MAC",
        "cycles",
        "utilization",
        "front",
        "scored",
        "search",
    ]);
    for layer in &report.layers {
        let solved = layer.solved();
        layers.add_row([
            layer.layer.clone(),
            layer.scheme.clone(),
            format!("{:.3}", layer.density),
            layer.macs.to_string(),
            format!("{:.3}", solved.energy_pj / 1e6),
            format!("{:.3}", solved.energy_pj / layer.macs as f64),
            solved.cycles.to_string(),
            format!("{:.1} %", 100.0 * solved.utilization),
            layer.front.len().to_string(),
            layer.scored.to_string(),
            layer.search.to_owned(),
        ]);
    }
    let mut totals =
        grid(&["scheme", "layers", "density", "MACs", "energy uJ", "pJ/MAC", "cycles"]);
    for total in &report.totals {
        totals.add_row([
            total.scheme.clone(),
            total.layers.to_string(),
            format!("{:.3}", total.density),
            total.macs.to_string(),
            format!("{:.3}", total.energy_pj / 1e6),
            format!("{:.3}", total.energy_pj / total.macs as f64),
            total.cycles.to_string(),
        ]);
    }
    let _ = writeln!(
        text,
        "{layers}\n\nTotals of the mappings of least {} (energy and cycles are modelled)\n{totals}",
        report.objective
    );
    text.push_str(&beside(report));
    for total in &report.totals {
        let mut front = grid(&["energy uJ", "cycles"]);
        // A network of many layers has hundreds of points; the ends and some between tell it.
        let step = total.front.len().div_ceil(12).max(1);
        let last = total.front.len().saturating_sub(1);
        for (place, point) in total.front.iter().enumerate() {
            if place % step == 0 || place == last {
                front.add_row([format!("{:.3}", point.energy_pj / 1e6), point.cycles.to_string()]);
            }
        }
        let of =
            if total.scheme.is_empty() { String::new() } else { format!(", {}", total.scheme) };
        let _ = writeln!(text, "\nFront of energy and cycles{of}\n{front}");
    }
    if let [layer] = report.layers.as_slice() {
        let _ =
            writeln!(text, "\n# mapping of least {}\n{}", report.objective, layer.solved().mapping);
    }
    for weights in &report.weights {
        let _ = writeln!(text, "\n{} weights: {}", weights.scheme, weights.provenance);
    }
    text
}

/// Counted densities beside statistical ones, layer by layer; empty where none are counted.
fn beside(report: &MapReport) -> String {
    let mut rows = grid(&[
        "layer",
        "scheme",
        "energy uJ",
        "statistical",
        "error",
        "cycles",
        "statistical",
        "error",
    ]);
    let layers = report.layers.iter().map(|layer| {
        let solved = layer.solved();
        (layer.layer.as_str(), &layer.scheme, solved.energy_pj, solved.cycles, layer.statistical)
    });
    let totals = report
        .totals
        .iter()
        .map(|total| ("all", &total.scheme, total.energy_pj, total.cycles, total.statistical));
    let error = |share: f64| format!("{:+.2} %", 100.0 * share);
    let mut any = false;
    for (layer, scheme, energy_pj, cycles, statistical) in layers.chain(totals) {
        let Some(own) = statistical else { continue };
        any = true;
        rows.add_row([
            layer.to_owned(),
            scheme.clone(),
            format!("{:.3}", energy_pj / 1e6),
            format!("{:.3}", own.energy_pj / 1e6),
            error(own.energy_error),
            cycles.to_string(),
            own.cycles.to_string(),
            error(own.cycles_error),
        ]);
    }
    if !any {
        return String::new();
    }
    format!(
        "\nActual zeros of the weights beside as many at random places (statistical), in the same \
         mappings\n{rows}\n"
    )
}

/// One row a mapping of each layer's front; units in the column names.
#[must_use]
pub fn csv(report: &MapReport) -> String {
    let mut text = String::from(
        "arch,workload,rules,layer,scheme,density,macs,search,scored,chosen,energy_pj,cycles,utilization,compute_pj,statistical_energy_pj,statistical_cycles\n",
    );
    for layer in &report.layers {
        for (place, solved) in layer.front.iter().enumerate() {
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
                quoted(&report.arch),
                quoted(&report.workload),
                report.rules,
                quoted(&layer.layer),
                layer.scheme,
                layer.density,
                layer.macs,
                layer.search,
                layer.scored,
                place == layer.chosen,
                solved.energy_pj,
                solved.cycles,
                solved.utilization,
                solved.compute_pj,
                layer.statistical.filter(|_| place == layer.chosen).map_or_else(
                    || ",".to_owned(),
                    |own| format!("{},{}", own.energy_pj, own.cycles)
                ),
            );
        }
    }
    text
}
