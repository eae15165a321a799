//! An accelerator as checked.

use std::sync::Arc;

use super::{FormatSpec, Saf, StorageEnergy};

/// A checked accelerator: storage levels around an array of compute units.
#[derive(Debug, Clone, PartialEq)]
pub struct Accelerator {
    /// Name used on the command line and in reports.
    pub name: String,
    /// One line for `signloop list`.
    pub description: String,
    /// Storage levels, innermost first; the last is the backing store.
    pub levels: Vec<Storage>,
    /// The compute units.
    pub compute: Compute,
}

/// One storage level; sizes and rates are those of one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// Name, as mappings use it.
    pub name: String,
    /// Where its constants come from.
    pub source: Arc<str>,
    /// Words it holds; `None` is unbounded.
    pub capacity_words: Option<u64>,
    /// Bits of a word.
    pub word_bits: u64,
    /// Words of a block: what one access moves.
    pub block_words: u64,
    /// Instances along X, of the whole accelerator.
    pub instances_x: u64,
    /// Instances along Y.
    pub instances_y: u64,
    /// Words read a cycle, where limited.
    pub read_words_per_cycle: Option<f64>,
    /// Words written a cycle (fills and updates), where limited.
    pub write_words_per_cycle: Option<f64>,
    /// Words read and written a cycle over one port, where limited.
    pub shared_words_per_cycle: Option<f64>,
    /// Share of the capacity that a tile may take is 1 / this (2 is double buffering).
    pub buffering: f64,
    /// Whether one read serves all instances inside that want the same block.
    pub multicast: bool,
    /// Store of formats' coordinates, where there is one.
    pub metadata: Option<MetadataStore>,
    /// Energy of each action.
    pub energy: StorageEnergy,
    /// Whether it takes compressed tiles from outside and keeps them uncompressed.
    pub decompresses: bool,
    /// Whether it keeps output tiles uncompressed and hands them out compressed.
    pub compresses: bool,
    /// Formats by tensor name; other tensors are plain.
    pub formats: Vec<(String, FormatSpec)>,
    /// Gating and skipping of its accesses.
    pub safs: Vec<Saf>,
}

/// Store of the coordinates that formats need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataStore {
    /// Bits of a coordinate where a format states none.
    pub word_bits: u64,
    /// Bits that one access moves.
    pub width_bits: u64,
    /// Accesses' worth that it holds; `None` is unbounded.
    pub depth: Option<u64>,
}

/// The compute units.
#[derive(Debug, Clone, PartialEq)]
pub struct Compute {
    /// Name.
    pub name: String,
    /// Where its constants come from.
    pub source: Arc<str>,
    /// Units along X.
    pub instances_x: u64,
    /// Units along Y.
    pub instances_y: u64,
    /// Bits of an operand.
    pub word_bits: u64,
    /// Energy of one operation that is done, gated or skipped, in pJ.
    pub energy: super::ActionEnergy,
    /// Leakage of one unit in pJ a cycle.
    pub leak_pj_per_cycle: f64,
    /// Whether a unit is gated where an operand is zero.
    pub gates: bool,
    /// Whether a unit skips the cycle where an operand is missing.
    pub skips: bool,
}

impl Storage {
    /// Instances of the whole accelerator.
    #[must_use]
    pub fn instances(&self) -> u64 {
        self.instances_x * self.instances_y
    }

    /// The format of a tensor, if it has one here.
    #[must_use]
    pub fn format(&self, tensor: &str) -> Option<&FormatSpec> {
        self.formats.iter().find(|(name, _)| name == tensor).map(|(_, format)| format)
    }
}

impl Compute {
    /// Units of the whole accelerator.
    #[must_use]
    pub fn instances(&self) -> u64 {
        self.instances_x * self.instances_y
    }
}

impl Accelerator {
    /// Names of the storage levels, innermost first.
    #[must_use]
    pub fn level_names(&self) -> Vec<&str> {
        self.levels.iter().map(|level| level.name.as_str()).collect()
    }

    /// Instances along X and Y of what lies just inside a storage level.
    #[must_use]
    pub fn inside(&self, level: usize) -> (u64, u64) {
        match level.checked_sub(1).map(|inner| &self.levels[inner]) {
            Some(inner) => (inner.instances_x, inner.instances_y),
            None => (self.compute.instances_x, self.compute.instances_y),
        }
    }

    /// Array below one instance of a storage level: extents along X and Y.
    #[must_use]
    pub fn fanout(&self, level: usize) -> (u64, u64) {
        let (x, y) = self.inside(level);
        let outer = &self.levels[level];
        (x / outer.instances_x, y / outer.instances_y)
    }

    /// Whether any sparse feature is described.
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        self.compute.gates
            || self.compute.skips
            || self.levels.iter().any(|level| !level.formats.is_empty() || !level.safs.is_empty())
    }
}
