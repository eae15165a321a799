//! How often each pair of inputs occurs, kept up to date edit by edit.
//!
//! An input of a large layer stands in hundreds of sums; counting its pairs anew at every move of
//! the search would be all the work there is.

use super::packing::Packing;

/// Counts by first input, and by pair key below that.
#[derive(Debug, Clone)]
pub struct InputPairs {
    inputs: u32,
    counts: Vec<u16>,
}

impl InputPairs {
    /// The counts of all `sums`, if the inputs, of which `places` says where each stands, stand in
    /// so many sums that they pay, and the table is not too large.
    pub fn worth(packing: Packing, sums: &[Vec<u32>], places: &[Vec<u32>]) -> Option<Self> {
        let inputs = places.len();
        let places: usize = places.iter().map(Vec::len).sum();
        let size = (inputs * inputs) << packing.bits;
        if places < 16 * inputs || size > 1 << 27 {
            return None;
        }
        let mut pairs = Self { inputs: inputs as u32, counts: vec![0; size] };
        for sum in sums {
            for (at, entry) in sum.iter().enumerate() {
                pairs.change(packing, &sum[..at], *entry, 1);
            }
        }
        Some(pairs)
    }

    /// Counts what an entry forms with the other entries of its sum.
    pub fn change(&mut self, packing: Packing, others: &[u32], entry: u32, by: i16) {
        if packing.index(entry) >= self.inputs {
            return;
        }
        let end = self.inputs << packing.bits;
        for other in others.iter().filter(|other| **other < end) {
            for (first, second) in [(entry, *other), (*other, entry)] {
                let at = self.place(packing, packing.index(first), packing.key(first, second));
                let count = &mut self.counts[at];
                *count = count.wrapping_add_signed(by);
            }
        }
    }

    /// How often a pair occurs.
    pub fn count(&self, packing: Packing, operand: u32, key: u32) -> u32 {
        u32::from(self.counts[self.place(packing, operand, key)])
    }

    fn place(&self, packing: Packing, operand: u32, key: u32) -> usize {
        ((operand as usize * self.inputs as usize) << packing.bits) + key as usize
    }
}
