//! Which instructions the trainer's products run on.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use super::conv::Product;

/// Which instructions the products run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// 16 lanes; up to 24 × 1 or 12 × 2 vectors of C in registers.
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

    /// The fastest engine of this processor, found once by a trial of a millisecond: cores that
    /// run 512-bit instructions in halves are faster with AVX2. The choice cannot change a
    /// result, since both give equal bits.
    #[must_use]
    pub fn detect() -> Self {
        static FASTEST: OnceLock<Engine> = OnceLock::new();
        *FASTEST.get_or_init(|| match *Self::available().as_slice() {
            [Self::Avx512, Self::Avx2, ..] => {
                let (wide, narrow) = (Self::Avx512.trial(), Self::Avx2.trial());
                if wide < narrow { Self::Avx512 } else { Self::Avx2 }
            }
            ref engines => engines[0],
        })
    }

    /// The shortest of some weight-gradient products of ResNet-20's first stage.
    fn trial(self) -> Duration {
        const CHANNELS: usize = 16;
        const SIDE: usize = 32;
        let pitch = (SIDE + 2) * CHANNELS;
        let map = vec![0.5; pitch * (SIDE + 2)];
        let mut sums = vec![0.0; 3 * CHANNELS * CHANNELS];
        let mut time = |_| {
            let start = Instant::now();
            let product = Product {
                a: &map,
                a_row: 1,
                a_inner: CHANNELS,
                a_outer: pitch,
                b: &map[CHANNELS..],
                b_inner: CHANNELS,
                b_outer: pitch,
                c: &mut sums,
                c_row: CHANNELS,
                rows: 3 * CHANNELS,
                columns: CHANNELS,
                inner: SIDE,
                outer: SIDE,
                accumulate: false,
            };
            product.run(self);
            start.elapsed()
        };
        (0..20).map(&mut time).min().unwrap_or_default()
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
