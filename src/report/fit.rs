//! Fewest adds, and fewest adds among the programs that fit L1.
//!
//! The program with the fewest adds keeps many sums alive; once they spill out of L1 it may be
//! the slower one, so both are named. Signed-binary [3,3,64,64] in 16-bit AVX-512: 4963 adds with
//! 1690 slots of 64 bytes took 101 ns a pixel, 5726 adds with 783 slots 45 ns (Xeon,
//! Sapphire Rapids class).

use std::fmt::Write as _;

use super::{
    best::{Fewest, LayerBest},
    types::{LayerReport, LayerResult, Report},
};

/// The best op programs for every scheme, in order of appearance; of equal ones the first.
#[must_use]
pub fn best(results: &[LayerResult]) -> Vec<LayerBest> {
    let mut best: Vec<LayerBest> = Vec::new();
    for result in results {
        let Some(set) = &result.working_set else { continue };
        let adds_total = result.ops.adds_total;
        let own = || Fewest { method: result.method.clone(), adds_total };
        let fitting = set.fits_l1.then(own);
        let Some(known) = best.iter_mut().find(|known| known.scheme == result.scheme) else {
            best.push(LayerBest {
                scheme: result.scheme.clone(),
                fewest_adds: own(),
                fewest_adds_in_l1: fitting,
            });
            continue;
        };
        if adds_total < known.fewest_adds.adds_total {
            known.fewest_adds = own();
        }
        let less = known.fewest_adds_in_l1.as_ref().is_none_or(|k| adds_total < k.adds_total);
        if less && set.fits_l1 {
            known.fewest_adds_in_l1 = fitting;
        }
    }
    best
}

/// One line a scheme: adds of the network if every layer takes its best method, with and without
/// the condition that it fits L1.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut schemes: Vec<&str> = Vec::new();
    for best in report.layers.iter().flat_map(|layer| &layer.best) {
        if !schemes.contains(&best.scheme.as_str()) {
            schemes.push(&best.scheme);
        }
    }
    let mut text = String::new();
    for scheme in schemes {
        let all = tally(&report.layers, scheme, |best| Some(&best.fewest_adds));
        let fitting = tally(&report.layers, scheme, |best| best.fewest_adds_in_l1.as_ref());
        let _ = writeln!(text, "{scheme}: fewest adds {all}; fits L1 {fitting}");
    }
    text
}

fn tally<'a>(
    layers: &'a [LayerReport],
    scheme: &str,
    pick: impl Fn(&'a LayerBest) -> Option<&'a Fewest>,
) -> String {
    let mut adds = 0_u128;
    let mut missing = 0;
    let mut methods: Vec<(&str, usize)> = Vec::new();
    for best in layers.iter().flat_map(|layer| &layer.best).filter(|best| best.scheme == scheme) {
        let Some(fewest) = pick(best) else {
            missing += 1;
            continue;
        };
        adds += u128::from(fewest.adds_total);
        match methods.iter_mut().find(|(method, _)| *method == fewest.method) {
            Some((_, layers)) => *layers += 1,
            None => methods.push((&fewest.method, 1)),
        }
    }
    let mut words: Vec<String> =
        methods.iter().map(|(method, layers)| format!("{method} x{layers}")).collect();
    if missing > 0 {
        words.push(format!("none x{missing}"));
    }
    format!("{adds} ({})", words.join(", "))
}
