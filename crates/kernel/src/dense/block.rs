//! What a block of filters of a dense layer reads.

use super::channels_last::ChannelsLast;

/// What a block of filters reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct FilterBlock<'a> {
    pub(super) layout: &'a ChannelsLast,
    /// All activations.
    pub(super) input: &'a [u8],
    /// First value of the group of the image.
    pub(super) first: usize,
    /// Number of the block.
    pub(super) place: usize,
    /// Scales of its filters.
    pub(super) scales: &'a [f32],
}
