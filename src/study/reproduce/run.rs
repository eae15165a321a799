//! Runs entries, in order of the table whatever the thread count.

use rayon::prelude::*;

use super::{Context, Entry, Outcome};
use signloop_base::Result;

/// An entry and what it found.
pub struct Finished {
    /// The entry.
    pub entry: &'static Entry,
    /// What it found.
    pub outcome: Outcome,
}

/// Runs the entries; `done` is told each one that ends.
///
/// # Errors
/// The first entry that fails.
pub fn run(
    entries: &[&'static Entry],
    context: &Context,
    done: &(dyn Fn(&Entry) + Sync),
) -> Result<Vec<Finished>> {
    entries
        .par_iter()
        .map(|entry| {
            let outcome = (entry.run)(context)?;
            done(entry);
            Ok(Finished { entry, outcome })
        })
        .collect()
}
