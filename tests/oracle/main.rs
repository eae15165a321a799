//! Does every counted program compute the dense product? Equality, not tolerance.

mod encoder;
mod gradients;
mod kernels;
mod mapper;
mod nest;
mod programs;
mod slots;
mod sparse;
mod tables;
mod timeloop;
