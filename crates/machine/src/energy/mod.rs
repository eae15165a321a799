//! Energies for parts whose description states none: on-chip arrays, memory, other nodes.

mod dram;
mod scaling;
mod sram;

pub use dram::{DramEnergy, dram_energy, dram_kinds};
pub use scaling::{Circuit, OutsideScaling, SCALINGS, Scaling, scale};
pub use sram::{OutsideSram, SramEnergy, SramQuery, sram_energy};
