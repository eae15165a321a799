//! An exact simulator of set-associative LRU caches: the oracle of the traffic model.
//!
//! Write-back, write-allocate. A dirty line that the next cache does not hold is put there without
//! a fetch, since it is whole. A victim cache is exclusive: it is filled by evictions of the nearer
//! cache, clean or dirty, and a hit moves the line up. An inclusive cache that evicts a line drops
//! it from the nearer caches, too.

use super::residency::{Capacity, Lines};
use signloop_machine::CachePolicy;

#[derive(Debug, Clone, Copy)]
struct Entry {
    line: u64,
    owner: usize,
    dirty: bool,
}

#[derive(Debug, Clone)]
struct Level {
    capacity: Capacity,
    policy: CachePolicy,
    /// Lines of each set, most recently used first.
    sets: Vec<Vec<Entry>>,
    fills: u64,
    accesses: u64,
    hits: u64,
}

impl Level {
    fn set(&mut self, line: u64) -> &mut Vec<Entry> {
        &mut self.sets[(line % self.capacity.sets) as usize]
    }

    fn take(&mut self, line: u64) -> Option<Entry> {
        let set = self.set(line);
        let at = set.iter().position(|entry| entry.line == line)?;
        Some(set.remove(at))
    }
}

/// Reads and writes on one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkLines {
    /// Lines read towards the core.
    pub reads: u64,
    /// Lines written away from the core.
    pub writes: u64,
}

/// A hierarchy of caches over memory.
#[derive(Debug, Clone)]
pub struct Simulator {
    levels: Vec<Level>,
    /// `links[i][owner]`: the link between cache i and cache i + 1 (memory, for the last).
    links: Vec<Vec<LinkLines>>,
}

impl Simulator {
    /// Empty caches, nearest first; `owners` is the number of tags that accesses may carry.
    #[must_use]
    pub fn new(caches: &[(Capacity, CachePolicy)], owners: usize) -> Self {
        let levels = caches
            .iter()
            .map(|(capacity, policy)| Level {
                capacity: *capacity,
                policy: *policy,
                sets: vec![Vec::new(); capacity.sets as usize],
                fills: 0,
                accesses: 0,
                hits: 0,
            })
            .collect();
        Self { levels, links: vec![vec![LinkLines::default(); owners]; caches.len()] }
    }

    /// One access to a line (an address divided by the line size) by an owner.
    pub fn access(&mut self, line: u64, owner: usize, write: bool) {
        self.levels[0].accesses += 1;
        if let Some(mut entry) = self.levels[0].take(line) {
            self.levels[0].hits += 1;
            entry.dirty |= write;
            self.levels[0].set(line).insert(0, entry);
            return;
        }
        let dirty = self.load(1, line, owner);
        self.levels[0].fills += 1;
        self.insert(0, Entry { line, owner, dirty: dirty || write });
    }

    /// Brings a line to the cache above level `at`; says whether it comes dirty.
    fn load(&mut self, at: usize, line: u64, owner: usize) -> bool {
        if at == self.levels.len() {
            self.links[at - 1][owner].reads += 1;
            return false;
        }
        self.levels[at].accesses += 1;
        if self.levels[at].policy == CachePolicy::Victim {
            let Some(entry) = self.levels[at].take(line) else {
                return self.load(at + 1, line, owner);
            };
            self.levels[at].hits += 1;
            self.links[at - 1][owner].reads += 1;
            return entry.dirty;
        }
        self.links[at - 1][owner].reads += 1;
        if let Some(entry) = self.levels[at].take(line) {
            self.levels[at].hits += 1;
            self.levels[at].set(line).insert(0, entry);
            return false;
        }
        let dirty = self.load(at + 1, line, owner);
        self.levels[at].fills += 1;
        self.insert(at, Entry { line, owner, dirty });
        false
    }

    fn insert(&mut self, at: usize, entry: Entry) {
        let ways = self.levels[at].capacity.ways as usize;
        let set = self.levels[at].set(entry.line);
        set.insert(0, entry);
        if set.len() > ways
            && let Some(evicted) = set.pop()
        {
            self.evict(at, evicted);
        }
    }

    fn evict(&mut self, at: usize, mut entry: Entry) {
        if self.levels[at].policy == CachePolicy::Inclusive {
            for nearer in (0..at).rev() {
                if let Some(copy) = self.levels[nearer].take(entry.line)
                    && copy.dirty
                {
                    // The dirty copy passes through every link on its way down.
                    entry.dirty = true;
                    for link in nearer..at {
                        self.links[link][entry.owner].writes += 1;
                    }
                }
            }
        }
        let next = at + 1;
        if next == self.levels.len() {
            if entry.dirty {
                self.links[at][entry.owner].writes += 1;
            }
        } else if self.levels[next].policy == CachePolicy::Victim {
            self.links[at][entry.owner].writes += 1;
            self.insert(next, entry);
        } else if entry.dirty {
            self.links[at][entry.owner].writes += 1;
            let _ = self.levels[next].take(entry.line);
            self.insert(next, entry);
        }
    }

    /// Empties all caches, nearest first, as the layers that follow would.
    pub fn drain(&mut self) {
        for at in 0..self.levels.len() {
            for set in 0..self.levels[at].sets.len() {
                while let Some(entry) = self.levels[at].sets[set].pop() {
                    self.evict(at, entry);
                }
            }
        }
    }

    /// Lines on the link below cache `at`, one entry an owner.
    #[must_use]
    pub fn link(&self, at: usize) -> &[LinkLines] {
        &self.links[at]
    }

    /// Fills of cache `at` and misses of the lookups that reached it.
    #[must_use]
    pub fn fills_and_misses(&self, at: usize) -> (u64, u64) {
        (self.levels[at].fills, self.levels[at].accesses - self.levels[at].hits)
    }
}

impl From<LinkLines> for Lines {
    fn from(link: LinkLines) -> Self {
        Self { fills: link.reads, dirty: link.writes }
    }
}
