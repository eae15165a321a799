//! Bit planes of the patches of a block of pixels.

use super::level::Body;
use signloop_network::workload::LayerShape;

/// Pixels of a block.
pub(super) const PIXELS: usize = 64;
/// Weights of a word.
pub(super) const WORD: usize = 64;

/// Pixels of one output row within a block.
#[derive(Debug, Clone, Copy)]
struct Run {
    row: u64,
    column: u64,
    start: usize,
    length: usize,
}

/// Packs patches word by word.
pub(super) struct Pack<'a> {
    pub(super) shape: &'a LayerShape,
    /// The image's map, channel by channel.
    pub(super) image: &'a [u8],
    /// First channel of the group.
    pub(super) channel: u64,
    /// First output pixel of the block, and how many there are.
    pub(super) first: u64,
    pub(super) pixels: usize,
    pub(super) bits: u32,
    /// Word w of plane i of pixel p is at (w·bits + i)·PIXELS + p.
    pub(super) planes: &'a mut [u64],
}

impl Pack<'_> {
    fn runs(&self) -> Vec<Run> {
        let width = self.shape.out_width();
        let mut runs = Vec::new();
        let mut start = 0;
        while start < self.pixels {
            let position = self.first + start as u64;
            let (row, column) = (position / width, position % width);
            let length = ((width - column) as usize).min(self.pixels - start);
            runs.push(Run { row, column, start, length });
            start += length;
        }
        runs
    }

    /// Activations that one weight of the patch reads, zero beyond the map.
    #[inline(always)]
    fn values(&self, tap: u64, runs: &[Run], values: &mut [u8; PIXELS]) {
        let shape = self.shape;
        values.fill(0);
        let (s, rest) = (tap % shape.kernel_width, tap / shape.kernel_width);
        let (r, channel) = (rest % shape.kernel_height, rest / shape.kernel_height);
        let plane = (self.channel + channel) * shape.in_height;
        for run in runs {
            let y = (run.row * shape.stride + r * shape.dilation).checked_sub(shape.padding);
            let Some(y) = y.filter(|y| *y < shape.in_height) else { continue };
            let row = ((plane + y) * shape.in_width) as usize;
            let row = &self.image[row..row + shape.in_width as usize];
            let to = &mut values[run.start..run.start + run.length];
            // Column of the padded map that the first pixel reads.
            let first = run.column * shape.stride + s * shape.dilation;
            if shape.stride == 1 {
                let skip = shape.padding.saturating_sub(first) as usize;
                let from = first.saturating_sub(shape.padding) as usize;
                if let (Some(to), Some(row)) = (to.get_mut(skip..), row.get(from..)) {
                    let length = to.len().min(row.len());
                    to[..length].copy_from_slice(&row[..length]);
                }
            } else {
                for (pixel, to) in to.iter_mut().enumerate() {
                    let x = (first + pixel as u64 * shape.stride).checked_sub(shape.padding);
                    if let Some(value) = x.and_then(|x| row.get(x as usize)) {
                        *to = *value;
                    }
                }
            }
        }
    }
}

/// Transposes the 8×8 bits of a word: bit c of byte r goes to bit r of byte c (Hacker's Delight,
/// section 7-3: three rounds of exchanged blocks).
#[inline(always)]
fn transpose(word: u64) -> u64 {
    let swap = |word: u64, shift: u32, mask: u64| {
        let difference = (word ^ (word >> shift)) & mask;
        word ^ difference ^ (difference << shift)
    };
    let word = swap(word, 7, 0x00AA_00AA_00AA_00AA);
    let word = swap(word, 14, 0x0000_CCCC_0000_CCCC);
    swap(word, 28, 0x0000_0000_F0F0_F0F0)
}

impl Body for Pack<'_> {
    #[inline(always)]
    fn run(self) {
        let runs = self.runs();
        let length = self.shape.filter_len();
        let bits = self.bits as usize;
        let words = length.div_ceil(WORD as u64) as usize;
        let mut values = [0_u8; PIXELS];
        for word in 0..words {
            let start = word * bits * PIXELS;
            self.planes[start..start + bits * PIXELS].fill(0);
            for octet in 0..WORD / 8 {
                let first = (word * WORD + octet * 8) as u64;
                if first >= length {
                    break;
                }
                let mut eight = [0_u64; PIXELS];
                for tap in first..(first + 8).min(length) {
                    self.values(tap, &runs, &mut values);
                    let shift = (tap - first) * 8;
                    for (own, value) in eight.iter_mut().zip(&values) {
                        *own |= u64::from(*value) << shift;
                    }
                }
                for own in &mut eight {
                    *own = transpose(*own);
                }
                let planes = &mut self.planes[start..start + bits * PIXELS];
                for (bit, plane) in planes.chunks_exact_mut(PIXELS).enumerate() {
                    for (own, eight) in plane.iter_mut().zip(&eight) {
                        *own |= (eight >> (8 * bit) & 0xFF) << (8 * octet);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::transpose;

    #[test]
    fn bits_change_places() {
        for row in 0..8 {
            for column in 0..8 {
                assert_eq!(transpose(1 << (8 * row + column)), 1 << (8 * column + row));
            }
        }
    }
}
