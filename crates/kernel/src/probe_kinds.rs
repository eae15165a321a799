//! What the probes of a core repeat.

/// What is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// fp32 adds from registers.
    Fp32Add,
    /// fp32 adds, on the adder and the multiply-add unit in turn.
    Fp32AddAlternating,
    /// fp32 multiply-adds.
    MultiplyAdd,
    /// 8-bit adds.
    Int8Add,
    /// 16-bit adds.
    Int16Add,
    /// 32-bit adds.
    Int32Add,
    /// Bitwise operations.
    Logic,
    /// Loads on vector boundaries.
    Load,
    /// Loads 4 bytes beyond them.
    UnalignedLoad,
    /// Stores on vector boundaries.
    Store,
}

/// Kind of a stream over a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Loads.
    Read,
    /// Stores.
    Write,
}
