//! What the analysis asks of a cache, and what it answers.

/// A cache as the analysis sees it.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// Sets, indexed by line address modulo this number.
    pub sets: u64,
    /// Lines a set holds.
    pub ways: u64,
    /// Bytes of a line.
    pub line: u64,
}

/// Lines that move over the link below a cache, for one buffer of a nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lines {
    /// Lines fetched because they were absent.
    pub fills: u64,
    /// Lines evicted after they were written.
    pub dirty: u64,
}
