//! The columns of a sweep, and how a point becomes a row. Units stand in the column names.

use std::fmt::Write as _;

use super::{
    plans::Planned,
    spec::{Root, Rows, Spec},
    variants::{ArchVariant, axes_of},
};
use crate::report::{LayerResult, Total, dram_bytes, quoted};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text; swept values are text, since a key may take a word as well as a number.
    Text,
    /// An exact count.
    Count,
    /// A modelled number or a quotient.
    Number,
}

/// Columns that follow the swept ones.
const NUMBERS: &[(&str, Kind)] = &[
    ("weights", Kind::Count),
    ("effectual", Kind::Count),
    ("density", Kind::Number),
    ("dense_macs_total", Kind::Count),
    ("adds_total", Kind::Count),
    ("scale_muls_total", Kind::Count),
    ("logic_ops_total", Kind::Count),
    ("popcounts_total", Kind::Count),
    ("arithmetic_reduction", Kind::Number),
    ("weight_bits", Kind::Count),
    ("scale_bits", Kind::Count),
    ("metadata_bits", Kind::Count),
    ("dram_read_bytes", Kind::Count),
    ("dram_write_bytes", Kind::Count),
    ("cycles", Kind::Number),
    ("cycles_max_rule", Kind::Number),
    ("cycles_sum_rule", Kind::Number),
    ("bound_by", Kind::Text),
    ("time_us", Kind::Number),
    ("energy_pj", Kind::Number),
    ("dram_energy_pj", Kind::Number),
    ("static_energy_pj", Kind::Number),
];

/// Columns of network rows alone.
const NETWORK: &[(&str, Kind)] = &[
    ("layers", Kind::Count),
    ("skipped_layers", Kind::Count),
    ("fp32_time_us", Kind::Number),
    ("fp32_energy_pj", Kind::Number),
];

/// All columns of a sweep in order.
pub(super) fn columns(spec: &Spec) -> Vec<(String, Kind)> {
    let swept = |root| {
        axes_of(spec, root)
            .into_iter()
            .flat_map(|axis| &axis.names)
            .map(|name| (name.clone(), Kind::Text))
            .collect::<Vec<_>>()
    };
    let mut columns = vec![("point".to_owned(), Kind::Count), ("workload".to_owned(), Kind::Text)];
    columns.extend(swept(Root::Workload));
    columns.extend(swept(Root::Plan));
    for name in ["scheme", "method", "arch"] {
        columns.push((name.to_owned(), Kind::Text));
    }
    columns.extend(swept(Root::Arch));
    if spec.rows == Rows::Layer {
        columns.push(("layer".to_owned(), Kind::Text));
    }
    let more = if spec.rows == Rows::Network { NETWORK } else { &[] };
    columns.extend(NUMBERS.iter().chain(more).map(|(name, kind)| ((*name).to_owned(), *kind)));
    columns.push(("invalid".to_owned(), Kind::Text));
    columns
}

/// What a column of a name holds. Swept keys begin with `arch.`, `workload.` or `plan.`.
#[cfg(feature = "parquet")]
pub(super) fn kind_of(name: &str) -> Kind {
    let counted = [("point", Kind::Count)];
    let mut known = counted.iter().chain(NUMBERS).chain(NETWORK);
    known.find(|(own, _)| *own == name).map_or(Kind::Text, |(_, kind)| *kind)
}

/// The header line.
pub(super) fn header(spec: &Spec) -> String {
    let names: Vec<String> = columns(spec).iter().map(|(name, _)| quoted(name)).collect();
    names.join(",") + "\n"
}

/// A point and what it is made of.
pub(super) struct Point<'a> {
    pub index: u64,
    pub planned: &'a Planned,
    pub arch: &'a ArchVariant,
}

impl Point<'_> {
    fn begin(&self, text: &mut String, scheme: &str, method: &str) {
        let planned = self.planned;
        let _ = write!(text, "{},{}", self.index, quoted(&planned.workload.name));
        for value in planned.workload.values.iter().chain(&planned.plan_values) {
            let _ = write!(text, ",{}", quoted(value));
        }
        let _ = write!(text, ",{scheme},{method},{}", quoted(&self.arch.name));
        for value in &self.arch.values {
            let _ = write!(text, ",{}", quoted(value));
        }
    }
}

/// A point that no machine or network can be: a row with nothing but the reason.
pub(super) fn write_invalid(text: &mut String, point: &Point<'_>, rows: Rows, why: &str) {
    point.begin(text, point.planned.scheme.name(), point.planned.method);
    let empty = match rows {
        Rows::Network => NUMBERS.len() + NETWORK.len(),
        Rows::Layer => NUMBERS.len() + 1,
    };
    let _ = writeln!(text, "{},{}", ",".repeat(empty), quoted(why));
}

/// The sum of the quantised layers, and time and energy of the others.
pub(super) fn write_network(
    text: &mut String,
    point: &Point<'_>,
    quantized: Option<&Total>,
    others: Option<&Total>,
) {
    let skipped = &point.planned.skipped;
    let Some(total) = quantized else {
        let why = skipped.first().map_or("no quantised layer", String::as_str);
        write_invalid(text, point, Rows::Network, why);
        return;
    };
    point.begin(text, &total.scheme, &total.method);
    let (read, write) = dram_bytes(&total.traffic);
    let (weights, ops, storage) = (&total.weights, &total.ops, &total.storage);
    let _ = write!(
        text,
        ",{},{},{},{},{},{},{},{},{},{},{},{},{read},{write},{},{},{},{},{},{},{},{}",
        weights.total,
        weights.effectual,
        weights.density,
        ops.counts.dense_macs_total,
        ops.counts.adds_total,
        ops.counts.scale_muls_total,
        ops.counts.logic_ops_total,
        ops.counts.popcounts_total,
        ops.arithmetic_reduction,
        storage.weight_bits,
        storage.scale_bits,
        storage.metadata_bits,
        total.cycles.total.0,
        total.cycles.band.max_rule.0,
        total.cycles.band.sum_rule.0,
        quoted(total.cycles.bound_by),
        total.time_us.0,
        total.energy_pj.total.0,
        total.energy_pj.dram.0,
        total.energy_pj.static_energy.0,
    );
    let (time, energy) =
        others.map_or((0.0, 0.0), |others| (others.time_us.0, others.energy_pj.total.0));
    // The reason of skipped layers stands where an invalid point says why.
    let why = skipped.first().map_or("", String::as_str);
    let _ = writeln!(text, ",{},{},{time},{energy},{}", total.layers, skipped.len(), quoted(why));
}

/// One layer.
pub(super) fn write_layer(text: &mut String, point: &Point<'_>, layer: &str, result: &LayerResult) {
    point.begin(text, &result.scheme, &result.method);
    let (read, write) = dram_bytes(&result.traffic);
    let (weights, ops, storage) = (&result.weights, &result.ops, &result.storage);
    // A checked shape bounds every count, so these products fit.
    let all = |count: u64| count.saturating_mul(ops.positions);
    let _ = writeln!(
        text,
        ",{},{},{},{},{},{},{},{},{},{},{},{},{},{read},{write},{},{},{},{},{},{},{},{},",
        quoted(layer),
        weights.total,
        weights.effectual,
        weights.density,
        ops.dense_macs_total,
        ops.adds_total,
        all(ops.counts.scale_muls),
        all(ops.counts.logic_ops),
        all(ops.counts.popcounts),
        ops.arithmetic_reduction,
        storage.weight_bits,
        storage.scale_bits,
        storage.metadata_bits,
        result.cycles.total.0,
        result.cycles.band.max_rule.0,
        result.cycles.band.sum_rule.0,
        quoted(result.cycles.bound_by),
        result.time_us.0,
        result.energy_pj.total.0,
        result.energy_pj.dram.0,
        result.energy_pj.static_energy.0,
    );
}
