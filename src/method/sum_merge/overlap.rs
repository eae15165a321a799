//! Sets of columns and the sizes of their intersections.

/// Sets with at least this many columns keep a bitset beside their list.
const DENSE: usize = 96;

/// Sets of columns below `columns`, each a sorted list; large ones also a bitset.
pub(super) struct Sets {
    words: usize,
    lists: Vec<Vec<u16>>,
    bits: Vec<Option<Box<[u64]>>>,
    /// Sets that hold each column, in no particular order.
    holders: Vec<Vec<u32>>,
}

impl Sets {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            words: columns.div_ceil(64),
            lists: Vec::new(),
            bits: Vec::new(),
            holders: vec![Vec::new(); columns],
        }
    }

    /// Adds a set of sorted columns and returns its index.
    pub(super) fn push(&mut self, columns: Vec<u16>) -> u32 {
        let index = self.lists.len() as u32;
        for column in &columns {
            self.holders[usize::from(*column)].push(index);
        }
        self.bits.push(None);
        self.lists.push(columns);
        self.refresh_bits(index);
        index
    }

    pub(super) fn len(&self) -> usize {
        self.lists.len()
    }

    pub(super) fn list(&self, set: u32) -> &[u16] {
        &self.lists[set as usize]
    }

    fn refresh_bits(&mut self, set: u32) {
        let list = &self.lists[set as usize];
        self.bits[set as usize] = (list.len() >= DENSE).then(|| {
            let mut bits = vec![0_u64; self.words].into_boxed_slice();
            for column in list {
                bits[usize::from(*column) / 64] |= 1 << (column % 64);
            }
            bits
        });
    }

    /// Takes the columns of `common` (all of them in both) out of `a` and `b` into a new set.
    pub(super) fn split(&mut self, a: u32, b: u32, common: Vec<u16>) -> u32 {
        let new = self.lists.len() as u32;
        for column in &common {
            let holders = &mut self.holders[usize::from(*column)];
            let (mut kept, mut changed) = (0, false);
            for index in 0..holders.len() {
                let set = holders[index];
                if set != a && set != b {
                    holders[kept] = set;
                    kept += 1;
                } else if !changed {
                    // The new set takes the first place that comes free.
                    holders[kept] = new;
                    kept += 1;
                    changed = true;
                }
            }
            holders.truncate(kept);
        }
        for set in [a, b] {
            let mut taken = common.iter().peekable();
            self.lists[set as usize].retain(|column| taken.next_if_eq(&column).is_none());
            self.refresh_bits(set);
        }
        self.bits.push(None);
        self.lists.push(common);
        self.refresh_bits(new);
        new
    }

    /// Columns in both sets, sorted.
    pub(super) fn common(&self, a: u32, b: u32) -> Vec<u16> {
        let (small, large) = self.by_size(a, b);
        let list = &self.lists[small as usize];
        match &self.bits[large as usize] {
            Some(bits) => list.iter().copied().filter(|column| holds(bits, *column)).collect(),
            None => {
                let mut other = self.lists[large as usize].iter().copied().peekable();
                let mut both = Vec::new();
                for column in list {
                    while other.next_if(|own| own < column).is_some() {}
                    if other.peek() == Some(column) {
                        both.push(*column);
                    }
                }
                both
            }
        }
    }

    /// Number of columns in both sets.
    pub(super) fn overlap(&self, a: u32, b: u32) -> u32 {
        let (small, large) = self.by_size(a, b);
        let list = &self.lists[small as usize];
        match (&self.bits[small as usize], &self.bits[large as usize]) {
            (Some(x), Some(y)) if list.len() > 2 * self.words => common_bits(x, y),
            (_, Some(bits)) => list.iter().map(|column| u32::from(holds(bits, *column))).sum(),
            _ => {
                // Branch-free merge: the lists are short and in no order that predicts.
                let other = &self.lists[large as usize];
                let (mut i, mut j, mut count) = (0, 0, 0);
                while i < list.len() && j < other.len() {
                    let (x, y) = (list[i], other[j]);
                    count += u32::from(x == y);
                    i += usize::from(x <= y);
                    j += usize::from(y <= x);
                }
                count
            }
        }
    }

    fn by_size(&self, a: u32, b: u32) -> (u32, u32) {
        if self.lists[a as usize].len() <= self.lists[b as usize].len() { (a, b) } else { (b, a) }
    }

    /// Calls `visit(other, overlap)` once for every other set that shares a column with `set`.
    pub(super) fn overlaps(
        &self,
        set: u32,
        counter: &mut Counter,
        mut visit: impl FnMut(u32, u32),
    ) {
        let list = &self.lists[set as usize];
        let listed: usize =
            list.iter().map(|column| self.holders[usize::from(*column)].len()).sum();
        if let Some(bits) = &self.bits[set as usize] {
            // One intersection a set, unless walking the holders of its columns is less.
            if listed > self.lists.len() * self.words / 2 {
                for other in 0..self.lists.len() as u32 {
                    let overlap = match &self.bits[other as usize] {
                        _ if other == set => 0,
                        Some(own) => common_bits(bits, own),
                        None => {
                            let own = &self.lists[other as usize];
                            own.iter().map(|column| u32::from(holds(bits, *column))).sum()
                        }
                    };
                    if overlap > 0 {
                        visit(other, overlap);
                    }
                }
                return;
            }
        }
        counter.counts.resize(self.lists.len().max(counter.counts.len()), 0);
        for column in list {
            for holder in &self.holders[usize::from(*column)] {
                let count = &mut counter.counts[*holder as usize];
                if *count == 0 {
                    counter.touched.push(*holder);
                }
                *count += 1;
            }
        }
        for other in counter.touched.drain(..) {
            let count = std::mem::take(&mut counter.counts[other as usize]);
            if other != set {
                visit(other, u32::from(count));
            }
        }
    }
}

/// Counters by set that are cleared by what was touched.
#[derive(Default)]
pub(super) struct Counter {
    counts: Vec<u16>,
    touched: Vec<u32>,
}

fn holds(bits: &[u64], column: u16) -> bool {
    bits[usize::from(column) / 64] >> (column % 64) & 1 == 1
}

fn common_bits(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum()
}
