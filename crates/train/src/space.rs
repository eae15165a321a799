//! Memory that is reused from step to step, and how a batch is cut into chunks.

use std::collections::BTreeMap;

use super::{aligned::Aligned, direct::Scratch};

/// Parts of a batch that are worked on side by side. The number is fixed, and sums over a batch
/// add up the parts in order, so that results do not depend on the number of threads.
const CHUNKS: usize = 8;

/// Images of one chunk of a batch.
pub(super) fn images_per_chunk(images: usize) -> usize {
    images.div_ceil(CHUNKS).max(1)
}

/// What one chunk needs for itself.
#[derive(Debug, Default)]
pub(super) struct ChunkSpace {
    pub scratch: Scratch,
    /// Sums over the chunk, per channel.
    pub sums: Vec<f64>,
}

/// Buffers shared by all units of a network.
#[derive(Debug)]
pub(super) struct Workspace {
    pub chunks: Vec<ChunkSpace>,
    /// A weight gradient, summed over chunks.
    pub weights: Vec<f32>,
    /// Gradient maps not in use, by length.
    free: BTreeMap<usize, Vec<Aligned>>,
}

impl Workspace {
    pub(super) fn new() -> Self {
        let chunks = (0..CHUNKS).map(|_| ChunkSpace::default()).collect();
        Self { chunks, weights: Vec::new(), free: BTreeMap::new() }
    }

    /// A buffer with unknown content.
    pub(super) fn take(&mut self, len: usize) -> Aligned {
        self.free.get_mut(&len).and_then(Vec::pop).unwrap_or_else(|| Aligned::zeros(len))
    }

    /// Keeps a buffer for later.
    pub(super) fn give(&mut self, buffer: Aligned) {
        self.free.entry(buffer.len()).or_default().push(buffer);
    }

    /// Adds up the first `chunks` chunks' sums in order.
    pub(super) fn total(&self, chunks: usize, len: usize) -> Vec<f64> {
        let mut total = vec![0.0; len];
        for space in &self.chunks[..chunks] {
            for (total, sum) in total.iter_mut().zip(&space.sums) {
                *total += sum;
            }
        }
        total
    }
}

impl ChunkSpace {
    /// Starts `len` sums at zero.
    pub(super) fn clear_sums(&mut self, len: usize) {
        self.sums.clear();
        self.sums.resize(len, 0.0);
    }
}
