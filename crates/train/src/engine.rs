//! Which instructions the trainer's products run on.

/// Which instructions the products run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// 16 lanes; up to 24 vectors of C in registers.
    Avx512,
    /// 8 lanes with fused multiply-add.
    Avx2,
    /// The `gemm` crate, on any processor.
    Portable,
}

impl Engine {
    /// Every engine that this processor can run, fastest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut engines = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                engines.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                engines.push(Self::Avx2);
            }
        }
        engines.push(Self::Portable);
        engines
    }

    /// Columns of one block of packed operand: what a tile computes at once.
    #[must_use]
    pub(super) fn block(self, columns: usize) -> usize {
        match self {
            Self::Avx512 if (1..=16).contains(&(columns % 32)) => 16,
            Self::Avx512 => 32,
            Self::Avx2 if (1..=8).contains(&(columns % 16)) => 8,
            Self::Avx2 => 16,
            Self::Portable => columns.max(1),
        }
    }

    /// Floats that may be read (never used) past the last column of `B`.
    pub(super) const SLACK: usize = 32;
}
