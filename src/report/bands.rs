//! How far a predicted time may be from the measured one.

/// Error that is tolerated on the mean over all rows.
pub const MEAN_BAND: f64 = 0.12;
/// Error that is tolerated on a single row.
pub const ROW_BAND: f64 = 0.25;
