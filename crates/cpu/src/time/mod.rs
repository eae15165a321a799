//! Cycles: of a layer by the ECM model ([`ecm`]), and of a compiled kernel by calibrated rates.

pub mod ecm;
mod kernel_time;

pub use kernel_time::{KernelCycles, KernelWork, kernel_cycles};
