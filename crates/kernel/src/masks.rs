//! Which lanes of each block are pixels of the output.

use super::buffer::Buffer;
use signloop_lower::Geometry;

/// Bytes of a record: lane bits at 0, 32-bit masks of up to 16 lanes at [`MASK_LANES`].
pub const MASK_BYTES: usize = 128;
/// Offset of the 32-bit masks in a record.
pub const MASK_LANES: usize = 64;

/// Mask records of all blocks; equal ones are stored once.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    records: Buffer<u8>,
    of_block: Vec<u32>,
    bits: Vec<u64>,
}

impl Masks {
    /// The masks of blocks of so many lanes (at most 64).
    #[must_use]
    pub fn new(geometry: &Geometry, lanes: usize) -> Self {
        let blocks = geometry.positions.div_ceil(lanes as u64);
        let mut known: Vec<u64> = Vec::new();
        let mut of_block = Vec::with_capacity(blocks as usize);
        let mut bits = Vec::with_capacity(blocks as usize);
        for block in 0..blocks {
            let mask = (0..lanes as u64)
                .filter(|lane| geometry.is_pixel(block * lanes as u64 + lane))
                .fold(0_u64, |mask, lane| mask | 1 << lane);
            let at = known.iter().position(|own| *own == mask).unwrap_or_else(|| {
                known.push(mask);
                known.len() - 1
            });
            of_block.push(at as u32);
            bits.push(mask);
        }
        let mut records = Buffer::new(known.len() * MASK_BYTES);
        for (mask, record) in known.iter().zip(records.chunks_exact_mut(MASK_BYTES)) {
            record[..8].copy_from_slice(&mask.to_le_bytes());
            for lane in 0..16 {
                let set = if mask >> lane & 1 == 1 { u32::MAX } else { 0 };
                let place = MASK_LANES + lane * 4;
                record[place..place + 4].copy_from_slice(&set.to_le_bytes());
            }
        }
        Self { records, of_block, bits }
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.of_block.len()
    }

    /// The record of a block.
    #[must_use]
    #[cfg_attr(
        not(all(target_arch = "x86_64", unix)),
        expect(dead_code, reason = "read by machine code alone")
    )]
    pub fn record(&self, block: usize) -> &[u8] {
        let start = self.of_block[block] as usize * MASK_BYTES;
        &self.records[start..start + MASK_BYTES]
    }

    /// Lane bits of a block.
    #[must_use]
    pub fn bits(&self, block: usize) -> u64 {
        self.bits[block]
    }
}
