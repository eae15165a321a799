//! Does a count equal the formula worked out by hand? Derivations stand in the comments.

mod counts;
mod shapes;
mod sharing;
