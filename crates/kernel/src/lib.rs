//! Kernels: the program that was counted, compiled and run.
//!
//! A method's [`OpProgram`](signloop_method::OpProgram) is scheduled into passes of straight-line
//! vector steps (the crate `signloop-lower`), one lane an output pixel, and the steps become machine
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
mod here;
mod masks;
mod operands;
mod planner;
mod popcount;
mod portable;
#[cfg_attr(not(all(target_arch = "x86_64", unix)), path = "probe_absent.rs")]
pub mod probe;
mod probe_kinds;
mod reference;
mod table;
mod widen;
mod workspace;
#[cfg(all(target_arch = "x86_64", unix))]
pub mod x86;

pub use affinity::pin;
pub use buffer::{Buffer, Plain};
pub use compiled::Kernel;
pub use dense::{DenseFp32, DenseInt8};
pub use here::{
    ENGINE_VARIABLE, ISA_VARIABLE, available_isa, core_here, detect_isa, forced_engine,
    is_available, options_here, widest_isa,
};
pub use operands::{Input, Output};
pub use planner::{may_generate, plan_row_pattern};
pub use popcount::{BitPackedKernel, PopcountLevel};
pub use reference::{Reference, reference_fp32, reference_integer};
pub use signloop_lower::{
    Activations, Engine, Finishing, Geometry, Isa, KernelOptions, Lane, PlaneLayout, StepCounts,
    ports, registers,
};
pub use workspace::Workspace;
