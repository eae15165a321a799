//! What becomes of the operations.

use super::{exact::Useless, flow::Flow};
use crate::sparse::Rules;

/// One operand of the operations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand {
    /// Share of nonzeros.
    pub(super) density: f64,
    /// Whether the innermost level that keeps it knows its zeros, so that a zero does not arrive.
    pub(super) knows_zeros: bool,
    /// Share of the operations that savings of its reads made useless, if any did.
    pub(super) useless: Option<f64>,
}

/// What the units can do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    pub(super) gates: bool,
    pub(super) skips: bool,
}

/// Shares of the states of an operand: a nonzero, a zero, nothing.
#[derive(Debug, Clone, Copy)]
struct States {
    nonzero: f64,
    zero: f64,
    absent: f64,
}

/// Splits operations between two operands' states. Any other number of operands, and operands
/// without zeros, leave all of them to be done.
pub(super) fn split(all: f64, operands: &[Operand], units: Units, rules: Rules) -> Flow {
    let [a, b] = operands else { return Flow::of(all) };
    let (a, b) = (states(a, b, rules), states(b, a, rules));
    let both = a.nonzero * b.nonzero;
    let zeros = a.nonzero * b.zero + a.zero * b.nonzero + a.zero * b.zero;
    let one_absent =
        a.nonzero * b.absent + a.absent * b.nonzero + a.zero * b.absent + a.absent * b.zero;
    let none = a.absent * b.absent;
    let mut gated = if units.gates { zeros } else { 0.0 };
    let mut skipped = 0.0;
    if units.skips {
        skipped = one_absent;
    } else if units.gates {
        gated += one_absent;
    }
    match rules {
        Rules::Timeloop => {
            let (gated, skipped) = ((all * gated).floor(), (all * skipped).floor());
            Flow { actual: all - skipped - gated - (all * none).floor(), gated, skipped }
        }
        Rules::Exact => {
            let actual = both + (zeros + one_absent - gated - skipped).max(0.0);
            Flow { actual: all * actual, gated: all * gated, skipped: all * skipped }
        }
    }
}

/// Takes off the operations that savings of the operands' reads make useless (exact rules); what is
/// left is the actual part. Sets each operand's useless share.
///
/// An operation that one operand's savings skip is skipped, whatever gates it besides.
pub(super) fn without_useless(
    all: f64,
    operands: &mut [Operand],
    useless: &[Useless],
    units: Units,
) -> Flow {
    let mut flow = Flow::of(all);
    let take = |flow: &mut Flow, share: f64| {
        let taken = flow.actual * share;
        flow.actual -= taken;
        taken
    };
    for (operand, own) in operands.iter_mut().zip(useless) {
        operand.useless = (own.skipped > 0.0).then_some(own.skipped);
        flow.skipped += take(&mut flow, own.skipped);
    }
    for (at, own) in useless[..operands.len()].iter().enumerate() {
        if own.gated <= 0.0 {
            continue;
        }
        let taken = take(&mut flow, own.gated / (1.0 - own.skipped));
        let there = taken * present(operands, at);
        let knows = operands.iter().enumerate().all(|(other, own)| other == at || own.knows_zeros);
        match (units.skips, knows) {
            // A unit that skips where an operand is missing does not wait for a gated read.
            (true, true) => flow.skipped += taken,
            (true, false) => {
                flow.gated += there;
                flow.skipped += taken - there;
            }
            // Where neither operand is there nothing asks for the operation.
            (false, true) => flow.gated += there,
            (false, false) => flow.gated += taken,
        }
        operands[at].useless = Some(own.skipped + own.gated);
    }
    flow
}

/// Share of the operations left whose operand `own` is there.
fn present(operands: &[Operand], own: usize) -> f64 {
    match operands {
        [a, b] if operands[own].knows_zeros => {
            let (own, other) = if own == 0 { (a, b) } else { (b, a) };
            states(own, other, Rules::Exact).nonzero
        }
        _ => 1.0,
    }
}

/// States of an operand, given that the other's savings left an operation over: reads of `other`
/// that were saved where this one is zero raise the share of its nonzeros.
fn states(own: &Operand, other: &Operand, rules: Rules) -> States {
    let rounded = |share: f64| match rules {
        Rules::Timeloop => (share * 1e6).round() / 1e6,
        Rules::Exact => share,
    };
    let density = rounded(own.density);
    let left = other.useless.map_or(1.0, |useless| 1.0 - rounded(useless));
    let nonzero = if left > 0.0 { (density / left).clamp(0.0, 1.0) } else { 0.0 };
    let zero = 1.0 - nonzero;
    match own.knows_zeros {
        true => States { nonzero, zero: 0.0, absent: zero },
        false => States { nonzero, zero, absent: 0.0 },
    }
}
