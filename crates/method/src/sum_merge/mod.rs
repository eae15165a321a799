//! `sum-merge`: unsigned sums, and the repeated merge of the two with the largest common part.
//!
//! After SumMerge (Prabhakar, Kuhar et al., ICS'21), whose code is not public: every filter has
//! one sum of inputs for each value of its weights; the largest common subset of any two sums
//! becomes a sum of its own that both read, until no two sums share two inputs.

mod greedy;
mod method;
mod planes;
mod sets;

pub use greedy::{Merged, merge};
pub use method::SumMerge;
