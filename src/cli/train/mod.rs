//! `signloop train`.

mod args;
mod interrupt;
mod progress;
mod recipe;
mod results;
mod run;

pub(super) use args::Args;
pub(super) use run::run;
