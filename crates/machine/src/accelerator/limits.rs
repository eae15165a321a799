//! Sizes that a description may have at most.

/// Most storage levels of an accelerator, so that a mapping of it is of a fixed size.
pub const MAX_LEVELS: usize = 8;
