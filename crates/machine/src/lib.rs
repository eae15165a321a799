//! Hardware descriptions: TOML files to checked structures, every constant with its source.

#![forbid(unsafe_code)]

pub mod accelerator;
mod check;
mod constants;
mod cpu;
pub mod energy;
mod kind;
mod read;
mod shipped;
mod sourced;
mod write;

pub use cpu::{
    Cache, CacheLevel, CachePolicy, Core, CpuArch, Dram, KernelRates, LaneRates, OpEnergy,
};
pub use kind::{ArchKind, kind};
pub use read::{load, open, parse};
pub use shipped::shipped;
pub use sourced::Sourced;
pub use sourced::text;
pub use write::to_toml;
