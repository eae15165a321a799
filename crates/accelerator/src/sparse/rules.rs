//! Which rules a run follows: the correct model, or the one it is compared with.

/// How counts are derived where the two models differ. `docs/timeloop-compat.md` lists every
/// difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rules {
    /// Expectations by linearity, no rounding before the end.
    #[default]
    Exact,
    /// The documented rounding and quirks of Timeloop/Sparseloop (commit 4cf6d4c).
    Timeloop,
}
