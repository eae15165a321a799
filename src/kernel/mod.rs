//! Kernels: the program that was counted, compiled and run.
//!
//! A method's [`OpProgram`](crate::method::OpProgram) is scheduled into passes of straight-line
//! vector steps ([`schedule`]), one lane an output pixel ([`layout`]), and the steps become machine
//! code (`x86`) or are executed in portable Rust. [`reference_fp32`] and [`reference_integer`]
//! define right. The design is told in `docs/kernel.md`.

mod buffer;
mod execute;
mod kernel;
mod lanes;
mod layout;
mod masks;
mod options;
mod portable;
mod reference;
pub mod schedule;
mod widen;
mod workspace;
#[cfg(all(target_arch = "x86_64", unix))]
pub mod x86;

pub use buffer::{Buffer, Plain};
pub use kernel::{Input, Kernel, Output, registers};
pub use lanes::{Finishing, ISA_VARIABLE, Isa, Lane};
pub use layout::{Geometry, PlaneLayout};
pub use options::{Activations, Engine, KernelOptions};
pub use reference::{Reference, reference_fp32, reference_integer};
pub use workspace::Workspace;
