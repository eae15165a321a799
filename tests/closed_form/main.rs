//! Does a count equal the formula worked out by hand? Derivations stand in the comments.

mod accelerator_energy;
mod accelerator_sparse;
mod accelerators;
mod counts;
mod design;
mod energy;
mod processor;
mod shapes;
mod sharing;
mod time;
mod timeloop;
