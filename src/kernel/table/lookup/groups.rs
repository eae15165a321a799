//! Tiles in groups whose tables fit the first-level cache, and the streams that drive them.

use std::collections::BTreeMap;

use super::lower::{FilterTerms, Key, Lowered};

/// Filters that are summed at once, in registers.
pub(super) const FILTERS: usize = 13;

/// A tile: its entries with their operands, operands before readers.
#[derive(Debug, Clone, Default)]
pub(super) struct Tile {
    pub(super) entries: Vec<(u32, Key, Key)>,
}

/// Rows of a pass, and the filters that are made of them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Lookups of every row with their tiles, sorted.
    pub(super) lookups: Vec<Vec<(u32, Key)>>,
    pub(super) filters: Vec<(u32, FilterTerms)>,
}

/// What bounds a group and a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupLimits {
    /// Entries of a group's tables.
    pub(super) entries: usize,
    /// Bytes of an entry.
    pub(super) entry_bytes: usize,
    /// Weights ±1 of a row, so that its sum stays in the lanes' range.
    pub(super) weights: Option<u32>,
}

/// Some filters.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    /// Group of the layer.
    pub(super) group: u32,
    /// Rows with those that fill the last block of filters.
    pub(super) rows: usize,
    /// Filters of the group with the factors of their rows.
    pub(super) filters: Vec<(u32, FilterTerms)>,
    pub(super) chunks: Vec<Chunk>,
}

/// Groups after which 16-bit sums are joined in 32 bits.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    pub(super) groups: Vec<Group>,
    /// Weights −1 and +1 of every row, which bound its sum.
    pub(super) bounds: Vec<(u32, u32)>,
}

/// Tables that are filled together.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// Byte offsets of the inputs that are copied to entries 1 and on (entry 0 is zero), and of
    /// those that are copied with the other sign after them.
    pub(super) copies: Vec<i32>,
    pub(super) turned: Vec<i32>,
    /// Start in the stream and number of the further entries: two offsets each.
    pub(super) entries: (usize, usize),
    /// Every block of filters.
    pub(super) lookups: Vec<Lookups>,
}

/// Start in the stream and number of the lookups of a block of filters, one offset a filter each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookups {
    pub(super) start: usize,
    pub(super) count: usize,
}

/// Entries that a group's tables hold, in the order in which they are filled.
#[derive(Debug, Clone, Default)]
struct Table {
    copies: Vec<u32>,
    turned: Vec<u32>,
    sums: Vec<(Key, Key, Key)>,
    /// Weights −1 and +1 below every entry.
    weights: BTreeMap<Key, (u32, u32)>,
}

impl Table {
    fn len(&self) -> usize {
        1 + self.copies.len() + self.turned.len() + self.sums.len()
    }

    /// Adds an entry and all that it is made of.
    fn need(&mut self, key: Key, entries: &BTreeMap<u32, (Key, Key)>) -> Option<(u32, u32)> {
        if let Some(weights) = self.weights.get(&key) {
            return Some(*weights);
        }
        let (source, negative) = key;
        let weights = match entries.get(&source) {
            None if negative => {
                self.turned.push(source);
                (1, 0)
            }
            None => {
                self.copies.push(source);
                (0, 1)
            }
            Some((a, b)) => {
                let (a, b) = ((a.0, a.1 != negative), (b.0, b.1 != negative));
                let (x, y) = (self.need(a, entries)?, self.need(b, entries)?);
                self.sums.push((key, a, b));
                (x.0.checked_add(y.0)?, x.1.checked_add(y.1)?)
            }
        };
        self.weights.insert(key, weights);
        Some(weights)
    }

    fn places(&self) -> BTreeMap<Key, usize> {
        let copies = self.copies.iter().map(|source| (*source, false));
        let turned = self.turned.iter().map(|source| (*source, true));
        let sums = self.sums.iter().map(|(key, ..)| *key);
        copies.chain(turned).chain(sums).zip(1..).collect()
    }
}

/// The pass of some rows; its streams are appended.
pub(super) fn pass(
    tiles: &[Tile],
    rows: &Rows,
    group: u32,
    taps: &[i32],
    limits: GroupLimits,
    to: &mut Lowered,
) -> Option<Pass> {
    let blocks = rows.lookups.len().div_ceil(FILTERS);
    let mut chunks = vec![Chunk::default()];
    let mut bounds = vec![(0_u32, 0_u32); rows.lookups.len()];
    // Where every row's lookups go on.
    let mut next = vec![0_usize; rows.lookups.len()];
    let mut tile = 0_u32;
    while (tile as usize) < tiles.len() {
        let mut table = Table::default();
        // Weights of every row in the group.
        let mut sums = vec![0_u64; rows.lookups.len()];
        let first = tile;
        while let Some(own) = tiles.get(tile as usize) {
            // Chains of entries are followed by recursion.
            if own.entries.len() > limits.entries {
                return None;
            }
            let (mut larger, mut more) = (table.clone(), sums.clone());
            let entries = own.entries.iter().map(|(entry, a, b)| (*entry, (*a, *b))).collect();
            for ((row, next), sum) in rows.lookups.iter().zip(&next).zip(&mut more) {
                let from = row[*next..].partition_point(|(of, _)| *of < tile) + next;
                for (_, key) in row[from..].iter().take_while(|(of, _)| *of == tile) {
                    let (minus, plus) = larger.need(*key, &entries)?;
                    *sum += u64::from(minus) + u64::from(plus);
                }
            }
            let far = |sum: &u64| limits.weights.is_some_and(|most| *sum > u64::from(most));
            if larger.len() > limits.entries || more.iter().any(far) {
                if tile == first {
                    return None;
                }
                break;
            }
            (table, sums) = (larger, more);
            tile += 1;
        }
        let places = table.places();
        let offset = |key: &Key| u16::try_from(places.get(key)? * limits.entry_bytes).ok();
        let mut own = Group {
            copies: table.copies.iter().map(|source| taps[*source as usize]).collect(),
            turned: table.turned.iter().map(|source| taps[*source as usize]).collect(),
            entries: (to.stream.len(), table.sums.len()),
            lookups: Vec::with_capacity(blocks),
        };
        for (_, a, b) in &table.sums {
            to.stream.extend([offset(a)?, offset(b)?]);
        }
        // Every row's lookups in these tiles.
        let mut lookups: Vec<&[(u32, Key)]> = Vec::with_capacity(rows.lookups.len());
        let mut added = Vec::with_capacity(rows.lookups.len());
        for (row, next) in rows.lookups.iter().zip(&mut next) {
            let end = *next + row[*next..].partition_point(|(of, _)| *of < tile);
            let here = &row[*next..end];
            *next = end;
            let mut sum = (0_u32, 0_u32);
            for (_, key) in here {
                let weights = table.weights.get(key)?;
                sum = (sum.0.checked_add(weights.0)?, sum.1.checked_add(weights.1)?);
            }
            added.push(sum);
            lookups.push(here);
        }
        for rows in lookups.chunks(FILTERS) {
            let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
            own.lookups.push(Lookups { start: to.stream.len(), count });
            for at in 0..count {
                for filter in 0..FILTERS {
                    let key = rows.get(filter).and_then(|row| row.get(at));
                    // Entry 0 is zero.
                    to.stream.push(key.map_or(Some(0), |(_, key)| offset(key))?);
                }
            }
            to.counts.adds += (count * FILTERS) as u64;
            to.counts.slot_loads += (count * FILTERS) as u64;
            to.lookups += (count * FILTERS) as u64;
        }
        to.counts.tap_loads += (own.copies.len() + own.turned.len()) as u64;
        to.counts.slot_loads += 2 * table.sums.len() as u64;
        to.counts.adds += table.sums.len() as u64;
        to.counts.slot_stores += table.len() as u64;
        to.updates += (rows.lookups.len() * 2) as u64;
        let fits = |(bound, more): (&(u32, u32), &(u32, u32))| {
            limits.weights.is_none_or(|most| {
                let sums = [bound.0, bound.1, more.0, more.1].map(u64::from);
                sums.iter().sum::<u64>() <= u64::from(most)
            })
        };
        let chunk = chunks.last_mut()?;
        if bounds.iter().zip(&added).all(fits) {
            for (bound, more) in bounds.iter_mut().zip(&added) {
                *bound = (bound.0.saturating_add(more.0), bound.1.saturating_add(more.1));
            }
            chunk.groups.push(own);
        } else {
            chunk.bounds = std::mem::replace(&mut bounds, added);
            chunks.push(Chunk { groups: vec![own], bounds: Vec::new() });
        }
    }
    chunks.last_mut()?.bounds = bounds;
    // Without tiles there is nothing to add.
    chunks.retain(|chunk| !chunk.groups.is_empty());
    to.counts.finishes += (rows.filters.len() * chunks.len().max(1)) as u64;
    to.counts.flushes += (rows.filters.len() * chunks.len().saturating_sub(1)) as u64;
    let rows_in_blocks = blocks * FILTERS;
    Some(Pass { group, rows: rows_in_blocks, filters: rows.filters.clone(), chunks })
}
