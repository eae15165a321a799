//! Time of a compiled kernel from its own step counts and rates calibrated on a machine.
//!
//! In the core, adds and loads overlap but not perfectly: between the maximum (ideal overlap) and
//! the sum (none) the norm (adds^p + transfers^p)^(1/p) with p = 3 is used, an empirical choice
//! that the calibration's residuals judge. What every filter costs at its end, and machine code
//! that streams from beyond the second-level cache, do not overlap.

use serde::Serialize;

use signloop_base::units::Cycles;
use signloop_machine::LaneRates;

/// Exponent of the overlap norm.
const OVERLAP: f64 = 3.0;

/// What a kernel executes for one layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KernelWork {
    /// Vector adds of a block.
    pub adds: u64,
    /// Vector loads of inputs and slots of a block.
    pub loads: u64,
    /// Vector stores to slots of a block.
    pub stores: u64,
    /// Finished or kept sums of a block.
    pub finishes: u64,
    /// Blocks.
    pub blocks: u64,
    /// Bytes of code that come from beyond the second-level cache: code × times it streams.
    pub far_code_bytes: u64,
}

/// Cycles of a kernel by cause.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KernelCycles {
    /// Adds alone.
    pub adds: Cycles,
    /// Loads and stores alone.
    pub transfers: Cycles,
    /// Ends of sums.
    pub finishes: Cycles,
    /// Code from beyond the second-level cache.
    pub code: Cycles,
    /// Start of a run.
    pub start: Cycles,
    /// All, with overlap.
    pub total: Cycles,
    /// What takes the most.
    pub bound_by: &'static str,
}

/// The prediction.
#[must_use]
pub fn kernel_cycles(work: &KernelWork, rates: &LaneRates) -> KernelCycles {
    let blocks = work.blocks as f64;
    let adds = blocks * work.adds as f64 * rates.cycles_per_add.value;
    let transfers = blocks
        * (work.loads as f64 * rates.cycles_per_load.value
            + work.stores as f64 * rates.cycles_per_store.value);
    let finishes = blocks * work.finishes as f64 * rates.cycles_per_finish.value;
    let code = work.far_code_bytes as f64 * rates.cycles_per_far_code_byte.value;
    let start = rates.cycles_per_run.value;
    let overlapped = (adds.powf(OVERLAP) + transfers.powf(OVERLAP)).powf(1.0 / OVERLAP);
    let parts = [
        ("adds", adds),
        ("loads and stores", transfers),
        ("ends of sums", finishes),
        ("code from beyond L2", code),
    ];
    let most = parts.iter().fold(parts[0], |most, part| if part.1 > most.1 { *part } else { most });
    KernelCycles {
        adds: Cycles(adds),
        transfers: Cycles(transfers),
        finishes: Cycles(finishes),
        code: Cycles(code),
        start: Cycles(start),
        total: Cycles(overlapped + finishes + code + start),
        bound_by: most.0,
    }
}
