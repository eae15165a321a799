//! What bounds a schedule.

/// What the steps may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Registers of values; two more are for loads.
    pub registers: usize,
    /// Registers that accumulators may take; the rest is for sums of sums.
    pub accumulators: usize,
    /// Most weights ±1 that a filter may add before its sum leaves the lanes' range;
    /// `None` for lanes that hold every sum.
    pub weights_a_chunk: Option<u32>,
    /// Most steps of a chunk of columns that are swept, so that its code stays near while it runs
    /// over several blocks.
    pub steps_a_chunk: usize,
}
