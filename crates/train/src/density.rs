//! How many weights take part.

/// Effectual and all weights of the quantised layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Density {
    /// Non-zero.
    pub effectual: u64,
    /// All.
    pub total: u64,
}

impl Density {
    /// Effectual share; 1 where nothing is quantised.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.total == 0 { 1.0 } else { self.effectual as f64 / self.total as f64 }
    }
}
