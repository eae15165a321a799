//! A kernel's work in the terms of the model.

use signloop_cpu::KernelWork;
use signloop_kernel::Kernel;

/// Counts of a kernel; code streams once a tile of blocks if it is larger than the cache.
#[must_use]
pub fn work_of(kernel: &Kernel, cache_bytes: usize) -> KernelWork {
    let steps = kernel.step_counts();
    let streams = if kernel.code_bytes() * 4 > cache_bytes * 3 {
        kernel.blocks().div_ceil(kernel.tile())
    } else {
        0
    };
    KernelWork {
        adds: steps.adds,
        loads: steps.tap_loads + steps.slot_loads,
        stores: steps.slot_stores,
        finishes: steps.finishes,
        blocks: kernel.blocks() as u64,
        far_code_bytes: kernel.code_bytes() as u64 * streams as u64,
    }
}
