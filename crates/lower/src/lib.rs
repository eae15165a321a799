//! From an op program to what a kernel executes, for a target: pure decisions.
//!
//! A target is an instruction set with its registers and rates ([`ports()`], [`registers`]), the
//! activations and what is stored ([`KernelOptions`]). A program becomes passes of straight-line
//! vector steps ([`schedule()`]), one lane an output pixel, over planes laid out as [`Geometry`]
//! says. Nothing here asks the processor that it runs on: the crate `signloop-kernel` does, and
//! encodes and runs what is decided here.

#![forbid(unsafe_code)]

mod group_pass;
mod lanes;
mod layout;
mod options;
mod ports;
mod schedule;
mod waiting;

pub use group_pass::GroupPass;
pub use lanes::{Finishing, Isa, Lane, weights_in_16_bits};
pub use layout::{Geometry, PlaneLayout};
pub use options::{Activations, Engine, KernelOptions};
pub use ports::{Core, ports, registers};
pub use schedule::{
    Cluster, Finish, Limits, Pass, Register, Source, Step, StepCounts, clusters, schedule,
};
pub use waiting::{area, together, waiting};
