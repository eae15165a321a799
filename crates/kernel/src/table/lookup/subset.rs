//! The tables of a layer, lowered and ready to run.

use super::{super::super::buffer::Buffer, tables::Lowered};
use signloop_lower::{Isa, Lane};

/// Bytes of the first-level cache that tables take: the rest is for sums and inputs.
pub(super) const TABLE_BYTES: usize = 32 << 10;

/// Tables of partial sums of a layer.
#[derive(Debug)]
pub(crate) struct SubsetTables {
    pub(super) lowered: Lowered,
    /// All bits set at positions that are pixels of the output.
    pub(super) live: Buffer<u32>,
    pub(super) isa: Isa,
    pub(super) lane: Lane,
    /// Entries of the largest group.
    pub(super) entries: usize,
}
