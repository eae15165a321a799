//! The report as CSV: one row per level and tensor.

use std::fmt::Write as _;

use super::AcceleratorReport;
use crate::report::csv::quoted;

/// Header and rows.
#[must_use]
pub fn csv(report: &AcceleratorReport) -> String {
    let mut text = String::from("arch,problem,rules,level,tensor,density,tile_words,instances");
    for access in ["reads", "fills", "updates"] {
        for kind in ["dense", "actual", "gated", "skipped", "metadata", "metadata_saved"] {
            let _ = write!(text, ",{access}_{kind}");
        }
    }
    text.push_str(",energy_pj,level_cycles,total_cycles,total_energy_pj\n");
    for level in &report.levels {
        for tensor in &level.tensors {
            let _ = write!(
                text,
                "{},{},{},{},{},{},{},{}",
                quoted(&report.arch),
                quoted(&report.problem),
                report.rules,
                quoted(&level.name),
                quoted(&tensor.name),
                tensor.density,
                tensor.tile_words,
                tensor.instances
            );
            for own in [&tensor.reads, &tensor.fills, &tensor.updates] {
                let _ = write!(
                    text,
                    ",{},{},{},{},{},{}",
                    own.dense, own.actual, own.gated, own.skipped, own.metadata, own.metadata_saved
                );
            }
            let _ = writeln!(
                text,
                ",{},{},{},{}",
                tensor.energy_pj, level.cycles, report.cycles, report.energy_pj
            );
        }
    }
    text
}
