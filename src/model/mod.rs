//! The processor model: counts and shapes to traffic, cycles and energy. Pure: no I/O.

mod cost;

pub use cost::{
    Band, Contribution, CycleBreakdown, EnergyBreakdown, Fact, LayerCost, LayerWork, MemoryLevel,
    Tensor, Traffic,
};
