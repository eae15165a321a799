//! Counting many overlaps at once: one bit a set, added column by column in carry-save form.
//!
//! Bit plane p holds bit p of every set's count. Eight columns are added with seven carry-save
//! adders before a carry goes up (Harley–Seal), so a count of one column costs a few operations
//! for 64 sets together.

/// Words of one block: a cache line, 512 sets.
const BLOCK: usize = 8;
type Block = [u64; BLOCK];

/// For every column, which sets hold it.
pub(super) struct Membership {
    /// Blocks of a column.
    blocks: usize,
    bits: Vec<Block>,
}

impl Membership {
    pub(super) fn new(columns: usize, sets: usize) -> Self {
        let blocks = sets.div_ceil(64 * BLOCK).max(1);
        Self { blocks, bits: vec![[0; BLOCK]; blocks * columns] }
    }

    pub(super) fn columns(&self) -> usize {
        self.bits.len() / self.blocks
    }

    /// Sets that fit.
    pub(super) fn capacity(&self) -> usize {
        self.blocks * BLOCK * 64
    }

    /// Makes room for twice the sets.
    pub(super) fn grow(&mut self) {
        let mut bits = vec![[0; BLOCK]; self.bits.len() * 2];
        for (new, old) in bits.chunks_mut(2 * self.blocks).zip(self.bits.chunks(self.blocks)) {
            new[..self.blocks].copy_from_slice(old);
        }
        self.blocks *= 2;
        self.bits = bits;
    }

    pub(super) fn flip(&mut self, column: u16, set: u32) {
        let place = usize::from(column) * self.blocks * BLOCK * 64 + set as usize;
        self.bits[place / (64 * BLOCK)][place / 64 % BLOCK] ^= 1 << (place % 64);
    }

    /// The sets that hold a column, in order.
    pub(super) fn holders(&self, column: usize) -> Vec<u32> {
        let words = self.bits[column * self.blocks..(column + 1) * self.blocks].as_flattened();
        let mut holders = Vec::new();
        for (word, bits) in words.iter().enumerate() {
            each_one(*bits, |bit| holders.push(word as u32 * 64 + bit));
        }
        holders
    }
}

/// Counts of all sets as bit planes, `planes` for every block.
#[derive(Default)]
pub(super) struct Counts {
    planes: usize,
    bits: Vec<Block>,
    equal: Vec<Block>,
    above: Vec<Block>,
}

impl Counts {
    /// For every set, how many of the columns it holds.
    pub(super) fn count(&mut self, membership: &Membership, columns: &[u16]) {
        let blocks = membership.blocks;
        self.planes = (usize::BITS - columns.len().leading_zeros()).max(4) as usize;
        self.bits.clear();
        self.bits.resize(blocks * self.planes, [0; BLOCK]);
        for block in 0..blocks {
            let planes = &mut self.bits[block * self.planes..(block + 1) * self.planes];
            let bits = |column: &u16| membership.bits[usize::from(*column) * blocks + block];
            let [mut ones, mut twos, mut fours] = [[0; BLOCK]; 3];
            for eight in columns.chunks(8) {
                let mut read = [[0; BLOCK]; 8];
                for (read, column) in read.iter_mut().zip(eight) {
                    *read = bits(column);
                }
                let (two_a, two_b, two_c, two_d);
                (ones, two_a) = add(&ones, &read[0], &read[1]);
                (ones, two_b) = add(&ones, &read[2], &read[3]);
                (ones, two_c) = add(&ones, &read[4], &read[5]);
                (ones, two_d) = add(&ones, &read[6], &read[7]);
                let (four_a, four_b);
                (twos, four_a) = add(&twos, &two_a, &two_b);
                (twos, four_b) = add(&twos, &two_c, &two_d);
                let mut carry;
                (fours, carry) = add(&fours, &four_a, &four_b);
                for plane in &mut planes[3..] {
                    if carry.iter().fold(0, |any, word| any | word) == 0 {
                        break;
                    }
                    for (plane, carry) in plane.iter_mut().zip(&mut carry) {
                        (*plane, *carry) = (*plane ^ *carry, *plane & *carry);
                    }
                }
            }
            planes[..3].copy_from_slice(&[ones, twos, fours]);
        }
    }

    /// Forgets one set.
    pub(super) fn clear(&mut self, set: u32) {
        let (word, bit) = (set as usize / 64, set % 64);
        let first = word / BLOCK * self.planes;
        for plane in &mut self.bits[first..first + self.planes] {
            plane[word % BLOCK] &= !(1 << bit);
        }
    }

    /// Puts the `most` largest counts of at least 2 as (count, set) into `found`; of equal ones
    /// the newest. Returns a bound on the counts of all other sets.
    pub(super) fn largest(&mut self, most: usize, found: &mut Vec<(u32, u32)>) -> u32 {
        let blocks = self.bits.len() / self.planes;
        self.equal.clear();
        self.equal.resize(blocks, [u64::MAX; BLOCK]);
        self.above.clear();
        self.above.resize(blocks, [0; BLOCK]);
        // Bit by bit from the top: the value of the `most`-th largest count.
        let (mut value, mut larger) = (0_u32, 0);
        for plane in (0..self.planes).rev() {
            let at = |block: usize| &self.bits[block * self.planes + plane];
            let ones: usize =
                (0..blocks).map(|block| ones_in_both(&self.equal[block], at(block))).sum();
            let taken = larger + ones >= most;
            value |= u32::from(taken) << plane;
            larger += if taken { 0 } else { ones };
            for block in 0..blocks {
                for word in 0..BLOCK {
                    let (equal, plane) = (&mut self.equal[block][word], at(block)[word]);
                    if taken {
                        *equal &= plane;
                    } else {
                        self.above[block][word] |= *equal & plane;
                        *equal &= !plane;
                    }
                }
            }
        }
        self.collect(&self.above, usize::MAX, found);
        if value < 2 {
            return 0;
        }
        let tied: usize =
            self.equal.as_flattened().iter().map(|word| word.count_ones() as usize).sum();
        let room = most - found.len();
        self.collect(&self.equal, room, found);
        if tied > room { value } else { value - 1 }
    }

    /// Appends the last `most` sets of a mask with their counts.
    fn collect(&self, mask: &[Block], most: usize, found: &mut Vec<(u32, u32)>) {
        let full = found.len().saturating_add(most);
        for (word, bits) in mask.as_flattened().iter().enumerate().rev() {
            let mut bits = *bits;
            while bits != 0 && found.len() < full {
                let bit = 63 - bits.leading_zeros();
                bits ^= 1 << bit;
                let planes = &self.bits[word / BLOCK * self.planes..][..self.planes];
                let count = planes
                    .iter()
                    .rev()
                    .fold(0, |count, plane| count << 1 | (plane[word % BLOCK] >> bit & 1) as u32);
                if count >= 2 {
                    found.push((count, word as u32 * 64 + bit));
                }
            }
        }
    }
}

/// Full adder on every bit: (sum, carry).
#[inline]
fn add(a: &Block, b: &Block, c: &Block) -> (Block, Block) {
    let (mut sum, mut carry) = ([0; BLOCK], [0; BLOCK]);
    for word in 0..BLOCK {
        let half = a[word] ^ b[word];
        sum[word] = half ^ c[word];
        carry[word] = (a[word] & b[word]) | (half & c[word]);
    }
    (sum, carry)
}

fn ones_in_both(a: &Block, b: &Block) -> usize {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones() as usize).sum()
}

fn each_one(mut bits: u64, mut visit: impl FnMut(u32)) {
    while bits != 0 {
        visit(bits.trailing_zeros());
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 700 sets over 40 columns; set s holds column c if c divides s + 1. Counted plainly beside.
    #[test]
    fn counts_equal_counting_one_by_one() {
        let holds = |set: u32, column: u16| (set + 1).is_multiple_of(u32::from(column) + 1);
        let mut membership = Membership::new(40, 300);
        membership.grow();
        for set in 0..700 {
            (0..40).filter(|c| holds(set, *c)).for_each(|c| membership.flip(c, set));
        }
        let columns: Vec<u16> = (0..40).filter(|column| column % 3 != 1).collect();
        let mut counts = Counts::default();
        counts.count(&membership, &columns);
        counts.clear(659);
        let mut plain: Vec<(u32, u32)> = (0..700)
            .filter(|set| *set != 659)
            .map(|set| (columns.iter().filter(|c| holds(set, **c)).count() as u32, set))
            .filter(|(count, _)| *count >= 2)
            .collect();
        plain.sort_unstable();
        let mut all = Vec::new();
        assert_eq!(counts.largest(10_000, &mut all), 0);
        all.sort_unstable();
        assert_eq!(all, plain);
        for most in [1, 5, 17, 100] {
            let mut found = Vec::new();
            let rest = counts.largest(most, &mut found);
            assert_eq!(found.len(), most);
            found.sort_unstable();
            let others: Vec<u32> =
                plain.iter().filter(|pair| !found.contains(pair)).map(|pair| pair.0).collect();
            let largest = others.iter().max().copied().unwrap_or(0);
            assert!(rest >= largest, "{most}: {rest} bounds {largest}");
            assert!(rest <= largest + 1, "{most}: {rest} is near {largest}");
        }
    }
}
