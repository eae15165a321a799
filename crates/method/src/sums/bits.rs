//! Sums that two operands share, counted a word of bits at a time.

/// Which sums hold which operands, by bit: pairs of dense operands are counted a word at a time.
pub(super) struct Bits {
    words: usize,
    signed: bool,
    /// Per operand `words` words of + and, where signed, `words` of −.
    words_of: Vec<u64>,
}

impl Bits {
    pub(super) fn new(places: &[Vec<u32>], sums: usize, signed: bool) -> Self {
        let mut bits = Self { words: sums.div_ceil(64), signed, words_of: Vec::new() };
        for places in places {
            bits.push(places);
        }
        bits
    }

    fn stride(&self) -> usize {
        self.words * if self.signed { 2 } else { 1 }
    }

    /// Work of comparing one operand with all alive ones, in entries of a sparse scan.
    pub(super) fn cost(&self, alive: usize) -> usize {
        alive * (self.words * if self.signed { 2 } else { 1 } / 2 + 3)
    }

    fn position(&self, place: u32) -> (usize, u64) {
        let (sum, negative) = ((place >> 1) as usize, (place & 1) as usize);
        (negative * self.words + sum / 64, 1 << (sum % 64))
    }

    pub(super) fn push(&mut self, places: &[u32]) {
        let start = self.words_of.len();
        self.words_of.resize(start + self.stride(), 0);
        for place in places {
            let (word, bit) = self.position(*place);
            self.words_of[start + word] |= bit;
        }
    }

    pub(super) fn remove(&mut self, operand: u32, places: &[u32]) {
        let start = operand as usize * self.stride();
        for place in places {
            let (word, bit) = self.position(*place);
            self.words_of[start + word] &= !bit;
        }
    }

    /// Sums that hold both with equal signs, and with opposite signs.
    pub(super) fn together(&self, first: u32, second: u32) -> (u32, u32) {
        let stride = self.stride();
        let slice = |operand: u32| &self.words_of[operand as usize * stride..][..stride];
        let common = |a: &[u64], b: &[u64]| -> u32 {
            a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum()
        };
        let (a, b) = (slice(first), slice(second));
        if !self.signed {
            return (common(a, b), 0);
        }
        let (a_plus, a_minus) = a.split_at(self.words);
        let (b_plus, b_minus) = b.split_at(self.words);
        (
            common(a_plus, b_plus) + common(a_minus, b_minus),
            common(a_plus, b_minus) + common(a_minus, b_plus),
        )
    }
}
