//! Counting pairs: how often each operand occurs beside a given one.

/// Counters by pair key that remember which were touched, so that clearing costs no more than
/// counting did.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    counts: Vec<u16>,
    touched: Vec<u32>,
}

impl Counter {
    /// Makes room for keys below `keys`.
    pub fn reserve(&mut self, keys: usize) {
        if self.counts.len() < keys {
            self.counts.resize(keys.next_power_of_two(), 0);
        }
    }

    /// Counts one occurrence. Counts saturate: they only rank.
    #[inline]
    pub fn add(&mut self, key: u32) {
        let count = &mut self.counts[key as usize];
        if *count == 0 {
            self.touched.push(key);
        }
        *count = count.saturating_add(1);
    }

    /// Calls `visit(key, count)` for every touched key in order of first touch, and clears.
    #[inline]
    pub fn drain(&mut self, mut visit: impl FnMut(u32, u32)) {
        for key in self.touched.drain(..) {
            let count = std::mem::take(&mut self.counts[key as usize]);
            visit(key, u32::from(count));
        }
    }
}
