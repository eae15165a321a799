//! The processor model: counts and shapes to traffic, cycles and energy. Pure: no I/O.
//!
//! A layer becomes a loop nest, the nest and the caches give the lines that move ([`traffic`]),
//! and those the cycles ([`time`]) and the energy ([`energy`]). [`evaluate`] asks for all of them.
//! The formulas are in `docs/model.md`.

#![forbid(unsafe_code)]

mod cost;
pub mod energy;
mod evaluate;
mod explain;
pub mod time;
pub mod traffic;

pub use cost::{
    Band, Contribution, CycleBreakdown, EnergyBreakdown, Fact, LayerCost, LayerWork, MemoryLevel,
    Tensor, Traffic,
};
pub use evaluate::{Evaluator, evaluate, map};
pub use time::{KernelCycles, KernelWork, kernel_cycles};
pub use traffic::slots::slots_a_line;
