//! Sums that two operands share, counted a word of bits at a time.

/// Which sums hold which operands, by bit: pairs of dense operands are counted a word at a time.
pub(super) struct Bits {
    words: usize,
    signed: bool,
    /// Per operand `words` words of + and, where signed, `words` of −.
    words_of: Vec<u64>,
}

/// Most words of all operands together: 128 MiB. Counting sum by sum gives the same counts, so the
/// limit bounds the memory and leaves the result as it is.
const MOST_WORDS: usize = 1 << 24;

impl Bits {
    /// The bits of unshifted operands (a place is sum and sign), where some operand is counted
    /// sooner by comparing it with all others than by reading the sums that hold it.
    pub(super) fn worth_keeping(
        places: &[Vec<u32>],
        sums: &[Vec<u32>],
        signed: bool,
        alive: usize,
    ) -> Option<Self> {
        let empty = Self { words: sums.len().div_ceil(64), signed, words_of: Vec::new() };
        let work = |places: &Vec<u32>| -> usize {
            places.iter().map(|place| sums[(place >> 1) as usize].len()).sum()
        };
        let most = places.iter().map(work).max().unwrap_or(0);
        // Work falls as pairs are shared, and so may the number of operands in more than one sum.
        let useful = empty.cost(alive) / 4 < most;
        let fits = empty.stride().saturating_mul(places.len()) < MOST_WORDS;
        (useful && fits).then(|| Self::new(places, sums.len(), signed))
    }

    /// Whether there is no room for another operand.
    pub(super) fn is_full(&self) -> bool {
        self.words_of.len() >= MOST_WORDS
    }

    fn new(places: &[Vec<u32>], sums: usize, signed: bool) -> Self {
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
