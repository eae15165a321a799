//! Where a part of a run reads and writes.

use super::finish::{End, Sum};
use signloop_lower::Finishing;

/// Lanes of the widest block: three vectors of 32.
pub(super) const MOST_LANES: usize = 96;

/// Memory and blocks of a part of a run.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// First block's place in the first input plane of the pass's group.
    pub(crate) input: *const u8,
    /// First block's place in the first output plane of the layer.
    pub(crate) output: *mut u8,
    /// Scratch memory.
    pub(crate) scratch: *mut u8,
    /// Blocks.
    pub(crate) blocks: (usize, usize),
    /// Values of an output plane.
    pub(crate) plane: usize,
    /// Scale and bias of the filters of the pass's group.
    pub(crate) scales: &'a [(f32, f32)],
    /// First filter of the group.
    pub(crate) first_filter: usize,
    pub(crate) finishing: Finishing,
    /// Largest activation (integers).
    pub(crate) greatest: u32,
}

impl Place<'_> {
    /// Ends a filter of a block of the tile.
    ///
    /// # Safety
    /// The filter's plane holds the block; there are as many sums as the block has lanes.
    #[inline(always)]
    pub(super) unsafe fn end<S: Sum>(
        &self,
        live: &[u32],
        local: usize,
        (output, negative): (u32, bool),
        sums: &[S],
    ) {
        let (block, lanes) = (self.blocks.0 + local, sums.len());
        let (scale, bias) = self.scales[output as usize];
        let end = End {
            scale,
            bias,
            negative,
            finishing: self.finishing,
            live: &live[block * lanes..(block + 1) * lanes],
        };
        let filter = self.first_filter + output as usize;
        // SAFETY: as promised by the caller.
        unsafe {
            let place = (filter * self.plane + local * lanes) * self.finishing.bytes();
            end.write(sums, self.output.add(place));
        }
    }
}
