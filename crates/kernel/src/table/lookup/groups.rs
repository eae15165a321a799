//! Tiles in groups whose tables fit the first-level cache, and the streams that drive them.

use std::collections::BTreeMap;

use super::tables::{Chunk, Group, GroupLimits, Key, Lookups, Lowered, Pass, Rows, Tile};

/// Filters that are summed at once, in registers.
pub(super) const FILTERS: usize = 13;

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
    let mut builder = Builder { tiles, rows, taps, limits, next: vec![0; rows.lookups.len()] };
    let mut chunks = vec![Chunk::default()];
    let mut bounds = vec![(0_u32, 0_u32); rows.lookups.len()];
    let mut tile = 0_u32;
    while (tile as usize) < tiles.len() {
        let (table, end) = builder.table(tile)?;
        let added = builder.weights(&table, end)?;
        let own = builder.group(&table, end, to)?;
        tile = end;
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
    let rows_in_blocks = rows.lookups.len().next_multiple_of(FILTERS);
    Some(Pass { group, rows: rows_in_blocks, filters: rows.filters.clone(), chunks })
}

struct Builder<'a> {
    tiles: &'a [Tile],
    rows: &'a Rows,
    taps: &'a [i32],
    limits: GroupLimits,
    /// Where every row's lookups go on.
    next: Vec<usize>,
}

impl<'a> Builder<'a> {
    /// A row's lookups from where it goes on to a tile, exclusive.
    fn here(&self, row: usize, end: u32) -> &'a [(u32, Key)] {
        let rest = &self.rows.lookups[row][self.next[row]..];
        &rest[..rest.partition_point(|(of, _)| *of < end)]
    }

    /// The tables of the tiles that fit a group, from one on, and the tile after them.
    fn table(&self, first: u32) -> Option<(Table, u32)> {
        let mut table = Table::default();
        // Weights of every row in the group.
        let mut sums = vec![0_u64; self.rows.lookups.len()];
        let mut tile = first;
        while let Some(own) = self.tiles.get(tile as usize) {
            // Chains of entries are followed by recursion.
            if own.entries.len() > self.limits.entries {
                return None;
            }
            let (mut larger, mut more) = (table.clone(), sums.clone());
            let entries = own.entries.iter().map(|(entry, a, b)| (*entry, (*a, *b))).collect();
            for (row, sum) in more.iter_mut().enumerate() {
                let here = self.here(row, tile + 1);
                for (_, key) in here.iter().filter(|(of, _)| *of == tile) {
                    let (minus, plus) = larger.need(*key, &entries)?;
                    *sum += u64::from(minus) + u64::from(plus);
                }
            }
            let far = |sum: &u64| self.limits.weights.is_some_and(|most| *sum > u64::from(most));
            if larger.len() > self.limits.entries || more.iter().any(far) {
                if tile == first {
                    return None;
                }
                break;
            }
            (table, sums) = (larger, more);
            tile += 1;
        }
        Some((table, tile))
    }

    /// Weights −1 and +1 that every row adds before a tile.
    fn weights(&self, table: &Table, end: u32) -> Option<Vec<(u32, u32)>> {
        let sum = |row: usize| {
            self.here(row, end).iter().try_fold((0_u32, 0_u32), |sum, (_, key)| {
                let weights = table.weights.get(key)?;
                Some((sum.0.checked_add(weights.0)?, sum.1.checked_add(weights.1)?))
            })
        };
        (0..self.rows.lookups.len()).map(sum).collect()
    }

    /// Appends the streams of a group up to a tile, where the rows go on then.
    fn group(&mut self, table: &Table, end: u32, to: &mut Lowered) -> Option<Group> {
        let places = table.places();
        let bytes = self.limits.entry_bytes;
        let offset = |key: &Key| u16::try_from(places.get(key)? * bytes).ok();
        let taps = |sources: &[u32]| sources.iter().map(|of| self.taps[*of as usize]).collect();
        let mut own = Group {
            copies: taps(&table.copies),
            turned: taps(&table.turned),
            entries: (to.stream.len(), table.sums.len()),
            lookups: Vec::new(),
        };
        for (_, a, b) in &table.sums {
            to.stream.extend([offset(a)?, offset(b)?]);
        }
        let rows = 0..self.rows.lookups.len();
        let lookups: Vec<_> = rows.map(|row| self.here(row, end)).collect();
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
            to.lookups += (count * FILTERS) as u64;
        }
        for (next, here) in self.next.iter_mut().zip(&lookups) {
            *next += here.len();
        }
        let lookups = own.lookups.iter().map(|block| (block.count * FILTERS) as u64).sum::<u64>();
        let sums = table.sums.len() as u64;
        to.counts.adds += lookups + sums;
        to.counts.slot_loads += lookups + 2 * sums;
        to.counts.slot_stores += table.len() as u64;
        to.counts.tap_loads += (own.copies.len() + own.turned.len()) as u64;
        to.updates += (self.rows.lookups.len() * 2) as u64;
        Some(own)
    }
}
