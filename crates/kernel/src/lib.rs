//! Kernels: the program that was counted, compiled and run.
//!
//! A method's [`OpProgram`](signloop_method::OpProgram) is scheduled into passes of straight-line
//! vector steps ([`schedule`]), one lane an output pixel (`layout`), and the steps become machine
//! code (`x86`) or are executed in portable Rust. [`reference_fp32`] and [`reference_integer`]
//! define right. The design is told in `docs/kernel.md`.

mod affinity;
mod body;
mod buffer;
mod checks;
mod compile;
mod compiled;
pub mod dense;
mod execute;
mod group_pass;
mod lanes;
mod layout;
mod masks;
mod operands;
mod options;
mod planner;
mod popcount;
mod portable;
mod ports;
#[cfg_attr(not(all(target_arch = "x86_64", unix)), path = "probe_absent.rs")]
pub mod probe;
mod probe_kinds;
mod reference;
pub mod schedule;
mod table;
mod waiting;
mod widen;
mod workspace;
#[cfg(all(target_arch = "x86_64", unix))]
pub mod x86;

pub use affinity::pin;
pub use buffer::{Buffer, Plain};
pub use compiled::Kernel;
pub use dense::{DenseFp32, DenseInt8};
pub use lanes::{Finishing, ISA_VARIABLE, Isa, Lane};
pub use layout::{Geometry, PlaneLayout};
pub use operands::{Input, Output};
pub use options::{Activations, ENGINE_VARIABLE, Engine, KernelOptions};
pub use planner::{may_generate, plan_row_pattern};
pub use popcount::{BitPackedKernel, PopcountLevel};
pub use ports::{ports, registers};
pub use reference::{Reference, reference_fp32, reference_integer};
pub use schedule::StepCounts;
pub use workspace::Workspace;
