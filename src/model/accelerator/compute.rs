//! What becomes of the operations.

use super::flow::Flow;
use crate::model::sparse::Rules;

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
