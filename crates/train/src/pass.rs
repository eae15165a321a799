//! What a pass over a batch is told.

use super::engine::Engine;

/// One pass over a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub images: usize,
    /// Statistics of the batch instead of the running ones, and memory for the backward pass.
    pub training: bool,
    pub engine: Engine,
}
