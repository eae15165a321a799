//! Does every counted program compute the dense product? Equality, not tolerance.

mod mapper;
mod programs;
mod sparse;
