//! Layer conditions: which lines of a nest a cache keeps from one touch to the next.
//!
//! Under LRU a line survives in its set when no more lines than ways were touched in that set
//! since its last touch. Between two touches of the same line, carried by loop l, lies one
//! iteration of l; so a set keeps the lines of a buffer across l exactly when the lines that one
//! iteration of l touches in that set are no more than the ways. Sets are counted one by one from
//! the addresses of the buffers, which makes the condition way-aware.
//!
//! With E(l) the lines that a touch covers during loop l, T(l) its trips and h(l) the share of its
//! lines in sets that keep them, the misses of loop l are
//! M(l) = h(l)·E(l) + T(l)·(M(l+1) − h(l)·E(l+1)), and M = E of one tile innermost.
//! Layer conditions: Hammer, Eitzinger, Hager, Wellein, "Kerncraft" (IPTW 2016), section 2.4.2.

mod analysis;
mod capacity;
mod piece;
mod sets;

pub use analysis::Residency;
pub use capacity::{Capacity, Lines};
