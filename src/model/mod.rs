//! The processor model: counts and shapes to traffic, cycles and energy. Pure: no I/O.
//!
//! A layer becomes a loop nest ([`nest`]), the nest and the caches give the lines that move
//! ([`residency`], [`traffic`]), and those the cycles ([`ecm`]) and the energy ([`energy`]).
//! [`lru`] and [`trace`] are the oracle of the traffic. The formulas are in `docs/model.md`.

pub mod accelerator;
pub mod blocking;
mod cost;
pub mod ecm;
pub mod energy;
mod evaluate;
mod explain;
pub mod gemm;
mod kernel_time;
pub mod lru;
pub mod nest;
pub mod program;
pub mod residency;
mod sets;
pub mod sparse;
pub mod trace;
pub mod traffic;
pub mod work;

pub use cost::{
    Band, Contribution, CycleBreakdown, EnergyBreakdown, Fact, LayerCost, LayerWork, MemoryLevel,
    Tensor, Traffic,
};
pub use evaluate::{Evaluator, evaluate, map};
pub use kernel_time::{KernelCycles, KernelWork, kernel_cycles};
