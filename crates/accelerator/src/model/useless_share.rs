//! Shares of accesses, fills and operations that zeros make useless.

/// Shares that are useless.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// Of the accesses.
    pub(super) accesses: f64,
    /// Of the words that come in further inside: of some blocks more instances want the same.
    pub(super) fills: f64,
    /// Of the operations that the accesses serve: where a window slides, some serve more.
    pub(super) operations: f64,
}

impl Share {
    /// Where every block has as many words, goes to as many instances, and serves as much.
    pub(super) fn even(share: f64) -> Self {
        Self { accesses: share, fills: share, operations: share }
    }
}
