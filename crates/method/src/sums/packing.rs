//! Operands and occurrences packed into 32 bits, so that a pair's key is one add and one xor.

use super::super::{Shift, Term};

/// How operands pack: `index << bits | code << 1 | sign`, with `code` the position in the kernel.
///
/// Positions of a pair differ by a signed displacement; the row stride of a code is 2·width − 1,
/// so that displacements are unique and codes add like vectors. Every node is anchored at the
/// top left corner of the positions that it reads, hence codes of operands of a sum are never
/// negative and lie within the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    /// Rows of positions.
    pub height: u32,
    /// Columns of positions.
    pub width: u32,
    /// Bits of code and sign.
    pub bits: u32,
}

impl Packing {
    /// Packing for sums whose operands span `height` × `width` positions.
    pub fn new(height: u32, width: u32) -> Self {
        let mut packing = Self { height, width, bits: 1 };
        let displacements = 2 * packing.max_code() + 1;
        packing.bits = 1 + displacements.next_power_of_two().trailing_zeros();
        packing
    }

    fn stride(self) -> u32 {
        2 * self.width - 1
    }

    /// The largest code of a position.
    pub fn max_code(self) -> u32 {
        (self.height - 1) * self.stride() + self.width - 1
    }

    /// Largest index that fits beside a code.
    pub fn max_index(self) -> u32 {
        u32::MAX >> self.bits
    }

    /// Number of displacement codes, those of no pair included.
    pub fn displacements(self) -> usize {
        2 * self.max_code() as usize + 1
    }

    /// Packs an index (operand or sum), a position and a sign.
    pub fn pack(self, index: u32, row: u32, column: u32, negative: bool) -> u32 {
        index << self.bits | (row * self.stride() + column) << 1 | u32::from(negative)
    }

    /// The index of a packed value.
    pub fn index(self, packed: u32) -> u32 {
        packed >> self.bits
    }

    /// Position code and sign of a packed value.
    pub fn low(self, packed: u32) -> u32 {
        packed & ((1 << self.bits) - 1)
    }

    /// A packed operand with the index replaced.
    pub fn with_index(self, packed: u32, index: u32) -> u32 {
        self.low(packed) | index << self.bits
    }

    /// The term of a packed operand.
    pub fn term(self, packed: u32) -> Term {
        let code = self.low(packed) >> 1;
        let shift = Shift { dy: (code / self.stride()) as i8, dx: (code % self.stride()) as i8 };
        Term { source: self.index(packed), negative: packed & 1 == 1, shift }
    }

    /// The key of a pair of entries of one sum: the second operand, how far it lies from the
    /// first, and whether their signs differ.
    #[inline]
    pub fn key(self, first: u32, second: u32) -> u32 {
        let bias = (self.max_code() << 1).wrapping_sub(self.low(first) & !1);
        second.wrapping_add(bias) ^ (first & 1)
    }

    /// Splits a pair key's displacement code into rows and columns.
    pub fn displacement(self, code: u32) -> (i32, i32) {
        let stride = self.stride() as i32;
        let delta = code as i32 - self.max_code() as i32;
        // The column part lies in −(width − 1)..=width − 1.
        let row = (delta + self.width as i32 - 1).div_euclid(stride);
        (row, delta - row * stride)
    }

    /// Code offsets of the two operands of a node from the node's own anchor, for a pair whose
    /// second operand lies `code` (a displacement code) from the first.
    pub fn anchors(self, code: u32) -> (u32, u32) {
        let (rows, columns) = self.displacement(code);
        let first = (-rows).max(0) * self.stride() as i32 + (-columns).max(0);
        let second = rows.max(0) * self.stride() as i32 + columns.max(0);
        (first as u32, second as u32)
    }

    /// How many of the position pairs of a kernel lie the displacement apart.
    pub fn overlap(self, code: u32) -> u32 {
        let (rows, columns) = self.displacement(code);
        let along = |size: u32, distance: i32| size.saturating_sub(distance.unsigned_abs());
        along(self.height, rows) * along(self.width, columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displacements_of_a_3x3_kernel_are_unique_and_split_back() {
        let packing = Packing::new(3, 3);
        assert_eq!((packing.max_code(), packing.bits), (12, 6));
        let mut pairs = 0;
        for code in 0..packing.displacements() as u32 {
            let (rows, columns) = packing.displacement(code);
            assert!(rows.abs() <= 2 && columns.abs() <= 2);
            pairs += packing.overlap(code);
            let (first, second) = packing.anchors(code);
            assert_eq!(second as i32 - first as i32, code as i32 - 12);
        }
        // Each of the 9 positions with each of the 9.
        assert_eq!(pairs, 81);
    }

    #[test]
    fn no_shift_needs_one_bit() {
        let packing = Packing::new(1, 1);
        assert_eq!((packing.bits, packing.displacements()), (1, 1));
        assert_eq!(packing.anchors(0), (0, 0));
        assert_eq!(packing.term(packing.pack(7, 0, 0, true)), Term::new(7, true));
    }
}
