//! The table-driven back end: compiled loops over a stream of offsets.
//!
//! `lower` turns a program into tables, `sweep` holds the inner loops, which are generic over the
//! registers of an instruction set (`x86`, `neon`, `plain`), `finish` the ends of sums. `lookup` has
//! tables of another form, and `kernel` is either.

#![expect(
    unsafe_code,
    reason = "intrinsics, and addresses from a table that was checked when made"
)]

mod classes;
mod element;
mod finish;
mod job;
mod kernel;
mod lookup;
mod lower;
#[cfg(target_arch = "aarch64")]
mod neon;
mod place;
mod plain;
mod run;
mod sweep;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use kernel::{Lowered, TableKernel};
pub(super) use lookup::{MOST_INPUTS, plan_cycles};
pub(super) use place::Place;
pub(super) use run::{CYCLES_PER_LOAD, CYCLES_PER_NEW_LIST, block_lanes, lane, vectors};
