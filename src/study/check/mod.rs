//! Holding a simulation against a saved baseline: the regression test on op counts.

mod baseline;
mod compare;
mod junit;

pub use baseline::{Baseline, Entry, Field, Run, Tolerances};
pub use compare::{Change, Comparison, Verdict, compare};
pub use junit::junit;
