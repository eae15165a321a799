//! A trained network made signed-binary afterwards, and trained on for a few epochs.

use std::sync::atomic::AtomicBool;

use super::{
    Work,
    digits::{Setting, dataset, network, recipe},
};
use signloop_base::Result;
use signloop_network::quant::Scheme;
use signloop_train::{CHECKPOINT, Recipe, Schedule, Session, checkpoint::Checkpoint};

/// Top-1 shares on the test images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Converted {
    /// Binary, as trained.
    pub binary: f64,
    /// Its latents quantised as signed-binary, not trained.
    pub at_once: f64,
    /// After training on under signed-binary.
    pub tuned: f64,
}

/// Trains a binary network for the setting's epochs, then its latents as signed-binary for `tuning`
/// epochs at a tenth of the rate, which falls to zero.
///
/// # Errors
/// As [`super::digits::train`].
pub fn convert(setting: &Setting, tuning: u64, work: &Work) -> Result<Converted> {
    let names = ["conversion-before", "conversion-after"].map(|part| setting.name(part));
    let (before, after) = (work.room(&names[0])?, work.room(&names[1])?);
    let (workload, data) = (network(setting)?, dataset(setting)?);
    let last =
        |session: &Session<'_>| session.log().last().map_or(f64::NAN, |row| row.test_accuracy);
    let binary = recipe(&Setting { scheme: Scheme::Binary, ..setting.clone() });
    let mut session = Session::new(&workload, &data, &binary, None, before.path(), true)?;
    session.run(&AtomicBool::new(false), |_| {})?;
    let trained = last(&session);
    drop(session);
    let binary = Checkpoint::open(&before.path().join(CHECKPOINT))?;
    let signed = recipe(&Setting { scheme: Scheme::SignedBinary, ..setting.clone() });
    let rate = 0.1 * signed.rate;
    let signed = Recipe { epochs: tuning, rate, schedule: Schedule::Linear, ..signed };
    // What the latents give before they are trained on is asked of a network of their own: the
    // session below may go on from a later epoch.
    let empty = work.room(&setting.name("conversion-none"))?;
    let mut converted = Session::new(&workload, &data, &signed, None, empty.path(), false)?;
    converted.begin_with(&binary)?;
    let at_once = converted.evaluate(&data.test)?.0.accuracy();
    drop(converted);
    let mut session = Session::new(&workload, &data, &signed, None, after.path(), true)?;
    session.begin_with(&binary)?;
    session.run(&AtomicBool::new(false), |_| {})?;
    work.ended(&names[1]);
    Ok(Converted { binary: trained, at_once, tuned: last(&session) })
}
