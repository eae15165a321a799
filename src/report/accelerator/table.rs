//! The report for people.

use std::fmt::Write as _;

use comfy_table::Table;

use super::{AcceleratorReport, Accesses};
use crate::report::table::grid;

/// Energy and cycles by level, then accesses by level and tensor, the outermost level first.
#[must_use]
pub fn table(report: &AcceleratorReport) -> String {
    let rules = match report.rules {
        "timeloop" => ", rounded as Timeloop does",
        _ => "",
    };
    let compute = &report.compute;
    let mut text = format!("{} on {}{rules}\n\n", report.problem, report.arch);
    let _ = writeln!(text, "{}\n\n{}\n", level_grid(report), access_grid(report));
    let _ = writeln!(
        text,
        "{} operations: {} done, {} gated, {} skipped; utilization {:.1} %",
        compute.operations,
        compute.actual,
        compute.gated,
        compute.skipped,
        100.0 * compute.utilization
    );
    let _ = writeln!(text, "{} cycles, {:.4} uJ", report.cycles, report.energy_pj / 1e6);
    for level in report.levels.iter().filter(|level| level.energy_from == "interpolated") {
        let _ = writeln!(text, "energy of `{}`: {}", level.name, level.energy_source);
    }
    text.push_str("words of all instances, expected; energy is modelled, not measured\n");
    text
}

/// Energy and cycles by level, compute last.
fn level_grid(report: &AcceleratorReport) -> Table {
    let mut levels = grid(&["level", "cycles", "words needed", "of", "energy uJ", "share"]);
    let share = |energy: f64| format!("{:.1} %", 100.0 * energy / report.energy_pj.max(1e-12));
    for level in report.levels.iter().rev() {
        let energy: f64 =
            level.leak_pj + level.tensors.iter().map(|tensor| tensor.energy_pj).sum::<f64>();
        levels.add_row([
            level.name.clone(),
            level.cycles.to_string(),
            level.words_needed.to_string(),
            level.words_available.map_or_else(|| "unbounded".to_owned(), |words| words.to_string()),
            format!("{:.4}", energy / 1e6),
            share(energy),
        ]);
    }
    let compute = &report.compute;
    levels.add_row([
        compute.name.clone(),
        compute.cycles.to_string(),
        String::new(),
        String::new(),
        format!("{:.4}", compute.energy_pj / 1e6),
        share(compute.energy_pj),
    ]);
    levels
}

/// Accesses by level, tensor and kind.
fn access_grid(report: &AcceleratorReport) -> Table {
    let mut tensors = grid(&[
        "level",
        "tensor",
        "density",
        "tile",
        "access",
        "dense",
        "actual",
        "gated",
        "skipped",
        "metadata",
        "energy uJ",
    ]);
    for level in report.levels.iter().rev() {
        for tensor in &level.tensors {
            let kinds: [(&str, &Accesses); 3] =
                [("read", &tensor.reads), ("fill", &tensor.fills), ("update", &tensor.updates)];
            let mut first = true;
            for (kind, own) in kinds {
                if own.dense == 0 && own.actual == 0 {
                    continue;
                }
                let only_first = |text: String| if first { text } else { String::new() };
                tensors.add_row([
                    only_first(level.name.clone()),
                    only_first(tensor.name.clone()),
                    only_first(tensor.density.to_owned()),
                    only_first(tensor.tile_words.to_string()),
                    kind.to_owned(),
                    own.dense.to_string(),
                    own.actual.to_string(),
                    own.gated.to_string(),
                    own.skipped.to_string(),
                    own.metadata.to_string(),
                    only_first(format!("{:.4}", tensor.energy_pj / 1e6)),
                ]);
                first = false;
            }
        }
    }
    tensors
}
