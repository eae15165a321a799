//! The columns of a sweep, and how a point becomes a row. Units stand in the column names.

use std::fmt::Write as _;

use super::{
    axis::Root,
    inputs::Sweep,
    plans::Planned,
    spec::Rows,
    variants::{ArchVariant, axes_of},
};
use crate::report::{
    LayerResult, Total, dram_bytes,
    map::{LayerMap, MapTotal, Statistical},
    quoted,
};
use signloop_machine::ArchKind;

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

/// Columns that follow the swept ones where the machines are accelerators.
const MAPPED: &[(&str, Kind)] = &[
    ("macs", Kind::Count),
    ("density", Kind::Number),
    ("cycles", Kind::Count),
    ("energy_pj", Kind::Number),
    ("statistical_cycles", Kind::Count),
    ("statistical_energy_pj", Kind::Number),
];

/// Columns of network rows alone, where the machines are accelerators.
const MAPPED_NETWORK: &[(&str, Kind)] = &[("layers", Kind::Count)];

/// Columns of layer rows alone, where the machines are accelerators.
const MAPPED_LAYER: &[(&str, Kind)] = &[
    ("compute_energy_pj", Kind::Number),
    ("utilization", Kind::Number),
    ("mappings_scored", Kind::Count),
];

/// The columns that hold numbers.
fn numbers(kind: ArchKind, rows: Rows) -> impl Iterator<Item = &'static (&'static str, Kind)> {
    let (all, more) = match (kind, rows) {
        (ArchKind::Cpu, Rows::Network) => (NUMBERS, NETWORK),
        (ArchKind::Cpu, Rows::Layer) => (NUMBERS, &[][..]),
        (ArchKind::Accelerator, Rows::Network) => (MAPPED, MAPPED_NETWORK),
        (ArchKind::Accelerator, Rows::Layer) => (MAPPED, MAPPED_LAYER),
    };
    all.iter().chain(more)
}

/// All columns of a sweep in order.
pub(super) fn columns(sweep: &Sweep) -> Vec<(String, Kind)> {
    let spec = &sweep.spec;
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
    let named: &[&str] = match sweep.kind() {
        ArchKind::Cpu => &["scheme", "method", "arch"],
        ArchKind::Accelerator => &["scheme", "arch"],
    };
    columns.extend(named.iter().map(|name| ((*name).to_owned(), Kind::Text)));
    columns.extend(swept(Root::Arch));
    if spec.rows == Rows::Layer {
        columns.push(("layer".to_owned(), Kind::Text));
    }
    let numbers = numbers(sweep.kind(), spec.rows);
    columns.extend(numbers.map(|(name, kind)| ((*name).to_owned(), *kind)));
    columns.push(("invalid".to_owned(), Kind::Text));
    columns
}

/// What a column of a name holds. Swept keys begin with `arch.`, `workload.` or `plan.`.
#[cfg(feature = "parquet")]
pub(super) fn kind_of(name: &str) -> Kind {
    let counted = [("point", Kind::Count)];
    let all = [&counted[..], NUMBERS, NETWORK, MAPPED, MAPPED_NETWORK, MAPPED_LAYER];
    // `cycles` is whole on accelerators only; the wider kind holds both.
    all.into_iter().flatten().find(|(own, _)| *own == name).map_or(Kind::Text, |(_, kind)| *kind)
}

/// The header line.
pub(super) fn header(sweep: &Sweep) -> String {
    let names: Vec<String> = columns(sweep).iter().map(|(name, _)| quoted(name)).collect();
    names.join(",") + "\n"
}

/// A point and what it is made of.
pub(super) struct Point<'a> {
    pub index: u64,
    pub planned: &'a Planned,
    pub arch: &'a ArchVariant,
}

impl Point<'_> {
    /// Why there is no such point.
    pub(super) fn wrong(&self) -> Option<&str> {
        let network = self.planned.layers.as_ref().err();
        network.or(self.arch.arch.as_ref().err()).map(String::as_str)
    }

    /// What stands before the numbers; accelerators have no method.
    fn begin(&self, text: &mut String, scheme: &str, method: Option<&str>) {
        let planned = self.planned;
        let _ = write!(text, "{},{}", self.index, quoted(&planned.workload.name));
        for value in planned.workload.values.iter().chain(&planned.plan_values) {
            let _ = write!(text, ",{}", quoted(value));
        }
        let _ = write!(text, ",{scheme}");
        if let Some(method) = method {
            let _ = write!(text, ",{method}");
        }
        let _ = write!(text, ",{}", quoted(&self.arch.name));
        for value in &self.arch.values {
            let _ = write!(text, ",{}", quoted(value));
        }
    }
}

/// A point that no machine or network can be: a row with nothing but the reason.
pub(super) fn write_invalid(
    text: &mut String,
    point: &Point<'_>,
    (kind, rows): (ArchKind, Rows),
    why: &str,
) {
    let method = (kind == ArchKind::Cpu).then_some(point.planned.method);
    point.begin(text, point.planned.scheme.name(), method);
    let empty = numbers(kind, rows).count() + usize::from(rows == Rows::Layer);
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
        write_invalid(text, point, (ArchKind::Cpu, Rows::Network), why);
        return;
    };
    point.begin(text, &total.scheme, Some(&total.method));
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
    point.begin(text, &result.scheme, Some(&result.method));
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

/// Cycles and energy with zeros at random places; empty where no density is counted.
fn statistical(own: Option<Statistical>) -> String {
    own.map_or_else(|| ",".to_owned(), |own| format!("{},{}", own.cycles, own.energy_pj))
}

/// All layers of a network on an accelerator.
pub(super) fn write_mapped_network(text: &mut String, point: &Point<'_>, total: &MapTotal) {
    point.begin(text, &total.scheme, None);
    let _ = writeln!(
        text,
        ",{},{},{},{},{},{},",
        total.macs,
        total.density,
        total.cycles,
        total.energy_pj,
        statistical(total.statistical),
        total.layers,
    );
}

/// One layer on an accelerator.
pub(super) fn write_mapped_layer(text: &mut String, point: &Point<'_>, layer: &LayerMap) {
    point.begin(text, &layer.scheme, None);
    let solved = layer.solved();
    let _ = writeln!(
        text,
        ",{},{},{},{},{},{},{},{},{},",
        quoted(&layer.layer),
        layer.macs,
        layer.density,
        solved.cycles,
        solved.energy_pj,
        statistical(layer.statistical),
        solved.compute_pj,
        solved.utilization,
        layer.scored,
    );
}
