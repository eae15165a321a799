//! Results kept by tile shape, shared by all threads.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, RwLock},
};

use super::Tile;

/// Shapes kept at most; a table that is full starts anew, which changes no result.
const MOST: usize = 1 << 14;

/// Values by key, made once.
#[derive(Debug)]
pub(super) struct Table<V, K = Tile>(RwLock<HashMap<K, Arc<V>, Quick>>);

impl<V, K> Default for Table<V, K> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<V, K: Eq + std::hash::Hash> Table<V, K> {
    /// The value of a key, made by `make` when it is asked for first.
    pub(super) fn get(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        // A poisoned lock only says that another thread panicked; values are complete when stored.
        let read = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(value) = read.get(&key) {
            return Arc::clone(value);
        }
        drop(read);
        let value = Arc::new(make());
        let mut write = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if write.len() >= MOST {
            write.clear();
        }
        write.insert(key, Arc::clone(&value));
        value
    }
}

/// A hasher of a few integers: multiply and rotate a word at a time. Keys come from the program
/// itself, so no flood of colliding ones is to be feared.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct QuickHasher(u64);

pub(super) type Quick = BuildHasherDefault<QuickHasher>;

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        // The high bits are the well-mixed ones; tables index by the low ones.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}
