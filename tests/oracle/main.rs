//! Does every counted program compute the dense product? Equality, not tolerance.

mod programs;
mod sparse;
