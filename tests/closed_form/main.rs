//! Does a count equal the formula worked out by hand? Derivations stand in the comments.

mod accelerator_energy;
mod accelerators;
mod counts;
mod energy;
mod processor;
mod shapes;
mod sharing;
mod time;
