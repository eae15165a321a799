//! How many blocks run together, and what waits between chunks.

use super::{group_pass::GroupPass, lanes::Lane, options::KernelOptions};

/// Vectors of scratch memory of one block.
#[must_use]
pub fn area(lane: Lane, passes: &[GroupPass]) -> usize {
    let halves = if lane == Lane::I16 { 2 } else { 1 };
    let vectors = passes.iter().map(|pass| {
        let waiting = if pass.pass.chunks.len() > 1 { pass.pass.outputs.len() * halves } else { 0 };
        pass.pass.slots as usize + waiting
    });
    vectors.max().unwrap_or(0)
}

/// Bytes of the first-level cache that waiting sums may take.
const WAITING_BYTES: usize = 8192;

/// Blocks that code runs over before the next chunk: equal parts of at most `most`.
#[must_use]
pub fn together(blocks: usize, most: usize) -> usize {
    blocks.div_ceil(blocks.div_ceil(most).max(1)).max(1)
}

/// Blocks whose sums wait while the code of a chunk runs over them.
#[must_use]
pub fn waiting(options: &KernelOptions, lane: Lane, passes: &[GroupPass]) -> usize {
    if passes.iter().all(|pass| pass.pass.chunks.len() == 1) {
        return 1;
    }
    let bytes = area(lane, passes) * options.isa.vector_bytes();
    (WAITING_BYTES / bytes.max(1)).clamp(2, 64)
}
