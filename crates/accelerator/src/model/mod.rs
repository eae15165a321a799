//! The accelerator model: a mapped problem to accesses, cycles and energy. Pure: no I/O.
//!
//! A mapping becomes a loop nest (`nest`); the nest gives the words that move between levels
//! (`dense`); formats (`formats`) and sparse features (`leader`, `saf`, `spatial`) take away what
//! zeros make useless (`exact`, or `timeloop` with its rounding); bandwidths give cycles and tables
//! give energy (`cost`). Formulas and differences from Timeloop are in `docs/timeloop-compat.md`.

mod combine;
mod combined;
mod complete;
mod compute;
mod cost;
mod dense;
mod evaluation;
mod evaluator;
mod exact;
mod fit;
mod flow;
mod footprint;
mod formats;
mod leader;
mod links;
mod misfit;
mod nest;
mod prepared;
mod saf;
mod setting;
mod sliding;
mod spatial;
mod target;
mod timeloop;
mod useless_share;
mod workspace;

pub use evaluation::{ComputeCost, Evaluation, LevelCost, Score, TensorCost};
pub use evaluator::{Evaluator, evaluate};
pub use flow::{Flow, RankWords, Words};
pub use misfit::Misfit;
