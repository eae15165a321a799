//! Values with their places, and the numbers that a key takes.

use std::ops::Range;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Byte range in the file.
    pub span: Range<usize>,
}

/// Which numbers a key takes; `expected` completes "expected …".
#[derive(Debug, Clone, Copy)]
pub struct Bounds<T> {
    /// Least value allowed.
    pub least: T,
    /// Greatest value allowed.
    pub greatest: T,
    /// Words for the message.
    pub expected: &'static str,
}

impl Bounds<u64> {
    /// A count or size that must be at least one.
    pub const POSITIVE: Self = Self { least: 1, greatest: 1 << 40, expected: "a positive integer" };
    /// A count that may be zero.
    pub const NATURAL: Self =
        Self { least: 0, greatest: 1 << 40, expected: "a non-negative integer" };
}

impl Bounds<f64> {
    /// A quantity above zero.
    pub const POSITIVE: Self =
        Self { least: f64::MIN_POSITIVE, greatest: 1e18, expected: "a positive number" };
    /// A quantity of zero or more.
    pub const NATURAL: Self =
        Self { least: 0.0, greatest: 1e18, expected: "a number of 0 or more" };
    /// A share.
    pub const FRACTION: Self = Self { least: 0.0, greatest: 1.0, expected: "a number from 0 to 1" };
}
