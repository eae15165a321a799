//! Times of schemes over those of signed-binary, and what in the counts explains them.

use std::fmt::Write as _;

use super::{LayerTime, WeightKind, competitor, names::activation_name};
use signloop_kernel::Activations;
use signloop_network::quant::Scheme;

/// Rows that are compared: one method, activation type and kind of weights.
#[derive(Clone, Copy, PartialEq)]
struct Kind<'a> {
    method: &'a str,
    activations: Activations,
    weights: WeightKind,
    threads: usize,
}

impl<'a> Kind<'a> {
    fn of(row: &'a LayerTime) -> Self {
        let LayerTime { method, activations, weights, threads, .. } = row;
        Self { method, activations: *activations, weights: *weights, threads: *threads }
    }
}

/// Sums over the layers of one scheme.
#[derive(Default)]
struct Sum {
    rows: usize,
    time_us: f64,
    /// Adds of an output position, and dense multiply-accumulates, weighted by output positions.
    adds: f64,
    macs: f64,
    nonzero: f64,
}

fn sum<'a>(rows: impl Iterator<Item = &'a LayerTime>) -> Sum {
    rows.fold(Sum::default(), |mut sum, row| {
        let macs = row.dense_macs as f64;
        let positions = macs / row.filter_weights as f64;
        sum.rows += 1;
        sum.time_us += row.times.min_us;
        sum.adds += row.adds_per_position().unwrap_or(0.0) * positions;
        sum.macs += macs;
        sum.nonzero += row.density * macs;
        sum
    })
}

/// The ratios, a line a kind; empty without signed-binary and another scheme.
#[must_use]
pub fn scheme_ratios(rows: &[LayerTime]) -> String {
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for row in rows.iter().filter(|row| competitor(&row.method).is_none()) {
        if !kinds.contains(&Kind::of(row)) {
            kinds.push(Kind::of(row));
        }
    }
    let mut text = String::new();
    for kind in kinds {
        let of = |scheme: Scheme| {
            sum(rows.iter().filter(|row| row.scheme == scheme && Kind::of(row) == kind))
        };
        let base = of(Scheme::SignedBinary);
        let others =
            [Scheme::Binary, Scheme::Ternary, Scheme::ZeroOne].map(|scheme| (scheme, of(scheme)));
        let others: Vec<_> = others.iter().filter(|(_, sum)| sum.rows == base.rows).collect();
        if base.rows == 0 || others.is_empty() {
            continue;
        }
        let ratios: Vec<String> = others
            .iter()
            .map(|(s, sum)| format!("{s} {:.2}", sum.time_us / base.time_us))
            .collect();
        let weights = match kind.weights {
            WeightKind::Given => "given weights",
            WeightKind::Iid => "i.i.d. weights",
        };
        let activations = activation_name(kind.activations);
        let threads =
            if kind.threads > 1 { format!(", {} threads", kind.threads) } else { String::new() };
        let _ = writeln!(
            text,
            "time, {} {activations}, {weights}{threads}: signed-binary 1, {}",
            kind.method,
            ratios.join(", ")
        );
        let counts = std::iter::once((Scheme::SignedBinary, &base))
            .chain(others.iter().map(|(scheme, sum)| (*scheme, sum)))
            .map(|(scheme, sum)| {
                format!(
                    "{scheme} {:.1} of {:.1}",
                    sum.adds / sum.macs * 100.0,
                    sum.nonzero / sum.macs * 100.0
                )
            });
        let _ = writeln!(
            text,
            "  adds of 100 weights, executed of those that zeros alone would leave: {}",
            counts.collect::<Vec<_>>().join(", ")
        );
    }
    if !text.is_empty() {
        text.push_str(
            "published (arXiv:2312.01581, one kernel of 2023): signed-binary 1, binary 1.26, ternary 1.75 or more. Where \
             equal patterns are shared, binary needs far fewer adds than it has weights, while zeros hardly help: \
             compare the executed adds. {0,1} has the zeros of signed-binary and one sign: its time is the cost of mixed signs.\n",
        );
    }
    text
}
