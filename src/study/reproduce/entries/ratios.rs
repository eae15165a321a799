//! Measured speed-ups as claims.

use crate::{
    report::figure::Measured,
    study::reproduce::{Claim, Context, Tolerance, claim::number},
};
use signloop_base::Result;
use signloop_network::quant::Scheme;

/// How to get the times that these claims need.
pub(super) const MEASURE: &str = "signloop reproduce --only speed-up,zero-one,mixed-sign";

pub(super) fn measured(context: &Context) -> Result<Option<Measured>> {
    Ok(context.given.measured.as_ref().map(Measured::read).transpose()?)
}

/// A speed-up over the layers that `keep` keeps.
pub(super) fn decided(
    context: &Context,
    what: &str,
    published: f64,
    (slow, fast): (Scheme, Scheme),
    keep: impl Fn(&str) -> bool,
) -> Result<Claim> {
    let measured = measured(context)?;
    Ok(match measured.and_then(|measured| measured.ratio(slow, fast, keep)) {
        Some((ours, pair)) => {
            Claim::within(format!("{what} ({pair})"), published, ours, &Tolerance::NUMBERS)
        }
        None => Claim::undecided(
            what,
            format!("{}x", number(published)),
            "no measured times of both schemes were given",
            MEASURE,
        ),
    })
}
