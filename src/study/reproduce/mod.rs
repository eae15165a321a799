//! Every claim of the published thread, computed again: published value, ours, the definition,
//! the inputs, and a verdict.
//!
//! An entry ([`entries`]) asks the library as a user would, and says "cannot be decided" where an
//! input is missing, with the command that would decide it. Nothing here is a stored result.

mod accuracy;
mod claim;
mod context;
mod convert;
mod digits;
mod document;
mod entries;
mod interval;
mod run;
mod timing;
mod work;

pub use claim::{Claim, Entry, Outcome, Table, Tolerance, Verdict};
pub use context::{Context, Given};
pub use document::{document, summary};
pub use entries::{ENTRIES, entries};
pub use run::{Finished, run};
pub use timing::measure;
pub use work::Work;
