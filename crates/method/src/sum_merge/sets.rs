//! Sets of columns, the sizes of their intersections, and who holds a column.
//!
//! Two ways to find all overlaps of a set. While the sets are few and large, bit planes count
//! all of them at once; when they have become many and small, the holders of each of its columns
//! are listed and counted one by one.

use super::planes::{Counts, Membership};

/// Sets with at least this many columns keep a bitset beside their list.
const DENSE: usize = 96;
/// With more sets than this, holders are listed instead of kept as bits.
const MOST_PLANES: usize = 1 << 12;

/// Sets of columns below `columns`, each a sorted list; large ones also a bitset.
pub(super) struct Sets {
    words: usize,
    lists: Vec<Vec<u16>>,
    bits: Vec<Option<Box<[u64]>>>,
    holders: Holders,
    counts: Counts,
    counter: Counter,
}

enum Holders {
    Planes(Membership),
    /// Sorted.
    Lists(Vec<Vec<u32>>),
}

impl Sets {
    pub(super) fn new(columns: usize, given: Vec<Vec<u16>>) -> Self {
        let mut holders = if given.len() <= MOST_PLANES / 2 {
            Holders::Planes(Membership::new(columns, 2 * given.len()))
        } else {
            Holders::Lists(vec![Vec::new(); columns])
        };
        for (set, list) in given.iter().enumerate() {
            for column in list {
                match &mut holders {
                    Holders::Planes(membership) => membership.flip(*column, set as u32),
                    Holders::Lists(lists) => lists[usize::from(*column)].push(set as u32),
                }
            }
        }
        let mut sets = Self {
            words: columns.div_ceil(64),
            bits: vec![None; given.len()],
            lists: given,
            holders,
            counts: Counts::default(),
            counter: Counter::default(),
        };
        (0..sets.lists.len()).for_each(|set| sets.refresh_bits(set));
        sets
    }

    pub(super) fn len(&self) -> usize {
        self.lists.len()
    }

    pub(super) fn list(&self, set: u32) -> &[u16] {
        &self.lists[set as usize]
    }

    fn refresh_bits(&mut self, set: usize) {
        let list = &self.lists[set];
        self.bits[set] = (list.len() >= DENSE).then(|| {
            let mut bits = vec![0_u64; self.words].into_boxed_slice();
            for column in list {
                bits[usize::from(*column) / 64] |= 1 << (column % 64);
            }
            bits
        });
    }

    /// Takes the columns of `common` (all of them in both) out of `a` and `b` into a new set.
    pub(super) fn split(&mut self, a: u32, b: u32, common: Vec<u16>) {
        let new = self.lists.len() as u32;
        self.make_room();
        for column in &common {
            match &mut self.holders {
                Holders::Planes(membership) => {
                    [a, b, new].into_iter().for_each(|set| membership.flip(*column, set));
                }
                Holders::Lists(lists) => {
                    let holders = &mut lists[usize::from(*column)];
                    for set in [a, b] {
                        if let Ok(place) = holders.binary_search(&set) {
                            holders.remove(place);
                        }
                    }
                    holders.push(new);
                }
            }
        }
        for set in [a, b] {
            let mut taken = common.iter().peekable();
            self.lists[set as usize].retain(|column| taken.next_if_eq(&column).is_none());
            self.refresh_bits(set as usize);
        }
        self.lists.push(common);
        self.bits.push(None);
        self.refresh_bits(new as usize);
    }

    fn make_room(&mut self) {
        let Holders::Planes(membership) = &mut self.holders else { return };
        if self.lists.len() < membership.capacity() {
            return;
        }
        if self.lists.len() < MOST_PLANES {
            membership.grow();
        } else {
            let lists =
                (0..membership.columns()).map(|column| membership.holders(column)).collect();
            self.holders = Holders::Lists(lists);
        }
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
            (Some(x), Some(y)) if list.len() > 4 * self.words => {
                x.iter().zip(y).map(|(x, y)| (x & y).count_ones()).sum()
            }
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

    /// Puts the `most` largest overlaps of a set, of at least 2, as (overlap, other) into
    /// `found`, the largest last. Returns a bound on all the others. No overlap is above `bound`.
    pub(super) fn largest_overlaps(
        &mut self,
        set: u32,
        (most, bound): (usize, u32),
        found: &mut Vec<(u32, u32)>,
    ) -> u32 {
        found.clear();
        let list = &self.lists[set as usize];
        let rest = match &self.holders {
            Holders::Planes(membership) => {
                self.counts.count(membership, list);
                self.counts.clear(set);
                self.counts.largest(most, found)
            }
            Holders::Lists(lists) => {
                self.counter.reset(self.lists.len());
                if self.counter.count(lists, list, (set, bound, most), found) {
                    return bound;
                }
                self.counter.pairs(set, found);
                let place = found.len().saturating_sub(most);
                if place > 0 {
                    found.select_nth_unstable(place);
                }
                let rest = found[..place].iter().map(|(overlap, _)| *overlap).max();
                found.drain(..place);
                rest.unwrap_or(0)
            }
        };
        found.sort_unstable();
        rest
    }
}

/// Counters by set. A count is what lies above the floor, which is raised instead of clearing.
#[derive(Default)]
struct Counter {
    counts: Vec<u32>,
    floor: u32,
    /// Sets counted twice or more.
    twice: Vec<u32>,
}

impl Counter {
    /// No count is larger: a set has at most 2^16 columns.
    const STEP: u32 = 1 << 17;

    /// Makes room, and sets all counts to zero.
    fn reset(&mut self, sets: usize) {
        self.twice.clear();
        match self.floor.checked_add(2 * Self::STEP) {
            Some(_) => self.floor += Self::STEP,
            None => {
                self.counts.fill(0);
                self.floor = 0;
            }
        }
        self.counts.resize(sets.max(self.counts.len()), 0);
    }

    /// Counts the holders of the listed columns. Once `most` sets have reached `bound`, which none
    /// exceeds, it stops with them in `found`; whether it did is returned.
    fn count(
        &mut self,
        holders: &[Vec<u32>],
        list: &[u16],
        (set, bound, most): (u32, u32, usize),
        found: &mut Vec<(u32, u32)>,
    ) -> bool {
        let (floor, second, last) = (self.floor, self.floor + 2, self.floor + bound);
        for column in list {
            for holder in &holders[usize::from(*column)] {
                let count = &mut self.counts[*holder as usize];
                let now = (*count).max(floor) + 1;
                *count = now;
                // Most sets share one column only, and are not looked at again.
                if now == second {
                    self.twice.push(*holder);
                }
                if now == last && *holder != set {
                    found.push((bound, *holder));
                    if found.len() == most {
                        return true;
                    }
                }
            }
        }
        found.clear();
        false
    }

    /// Sets that share at least two columns with `set`.
    fn pairs(&self, set: u32, found: &mut Vec<(u32, u32)>) {
        let others = self.twice.iter().filter(|other| **other != set);
        found.extend(others.map(|other| (self.counts[*other as usize] - self.floor, *other)));
    }
}

fn holds(bits: &[u64], column: u16) -> bool {
    bits[usize::from(column) / 64] >> (column % 64) & 1 == 1
}
