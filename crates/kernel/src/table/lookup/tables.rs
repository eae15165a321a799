//! Tables of partial sums as data: entries, rows, groups, chunks, passes.

use signloop_lower::StepCounts;

/// An input or entry of the program, and whether its negative is meant.
pub(super) type Key = (u32, bool);

/// A filter: its rows with their factors (±1, ±2).
pub(super) type FilterTerms = Vec<(usize, i8)>;

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

/// The tables of a layer and their streams.
#[derive(Debug, Default)]
pub(super) struct Lowered {
    pub(super) passes: Vec<Pass>,
    pub(super) stream: Vec<u16>,
    pub(super) counts: StepCounts,
    /// Entries that rows add, those that fill up blocks of filters included.
    pub(super) lookups: u64,
    /// Loads and stores of rows' sums between groups.
    pub(super) updates: u64,
}
