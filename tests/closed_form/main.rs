//! Does a count equal the formula worked out by hand? Derivations stand in the comments.

mod accelerators;
mod counts;
mod energy;
mod processor;
mod shapes;
mod sharing;
mod time;
