//! Sharing of sums: the engine behind `sum-merge`, `shared-sum` and `shift-shared`.
//!
//! A layer is a list of target sums over signed, possibly shifted operands ([`Dag`]). [`extract`]
//! finds pairs of operands that occur in several sums and makes each a node ([`greedy`]);
//! [`Search`] takes nodes apart again and finds better ones.
//! [`transpose`] turns a program for W into one for its transpose with the same sharing.

mod bits;
mod counter;
mod dag;
mod greedy;
mod input_pairs;
mod packing;
mod search;
mod state;
mod transpose;
mod window;

pub(super) use dag::Dag;
pub(super) use greedy::{Scoring, extract};
pub(super) use packing::Packing;
pub(super) use search::Search;
pub(super) use transpose::transpose;
