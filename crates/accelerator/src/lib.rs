//! Accelerators: what a mapped tensor problem costs on one.
//!
//! A [`problem`] is a box of operations and its tensors, a [`mapping`] says which loops run where,
//! and [`model`] counts accesses, cycles and energy, with [`sparse`] for densities, formats, gating
//! and skipping. [`mapper`] searches mappings, [`timeloop`] reads the files of Timeloop. The
//! description of the accelerator itself is the crate `signloop-machine`'s.

#![forbid(unsafe_code)]

pub mod mapper;
pub mod mapping;
pub mod model;
pub mod problem;
pub mod sparse;
pub mod timeloop;
