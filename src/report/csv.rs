//! The report as CSV: one row per layer, scheme and method; units in the column names.

use std::fmt::Write as _;

use super::types::{Report, dram_bytes};

/// Header and rows. Names are quoted where they hold a comma, quote or line break.
#[must_use]
pub fn csv(report: &Report) -> String {
    let mut text = String::from(
        "arch,workload,layer,scheme,method,weights,effectual,density,dense_macs,adds,multiplies,\
         scale_muls,logic_ops,popcounts,arithmetic_reduction,positions,adds_total,weight_bits,\
         metadata_bits,dram_read_bytes,dram_write_bytes,cycles,bound_by,time_us,energy_pj\n",
    );
    for layer in &report.layers {
        for result in &layer.results {
            let (read, write) = dram_bytes(&result.traffic);
            let counts = result.ops.counts;
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
                quoted(&report.arch),
                quoted(&report.workload),
                quoted(&layer.name),
                result.scheme,
                result.method,
                result.weights.total,
                result.weights.effectual,
                result.weights.density,
                result.ops.dense_macs,
                counts.adds,
                counts.multiplies,
                counts.scale_muls,
                counts.logic_ops,
                counts.popcounts,
                result.ops.arithmetic_reduction,
                result.ops.positions,
                result.ops.adds_total,
                result.storage.weight_bits,
                result.storage.metadata_bits,
                read,
                write,
                result.cycles.total.0,
                quoted(result.cycles.bound_by),
                result.time_us.0,
                result.energy_pj.total.0,
            );
        }
    }
    text
}

pub(crate) use signloop_base::text::csv_field as quoted;
