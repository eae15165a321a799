//! Instruction sets of the popcount loops.

#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the loops are compiled for instruction sets that are checked first"
    )
)]

use serde::Serialize;

use signloop_lower::Isa;

/// How bits are counted. The loops are the same; the compiler turns `count_ones` on eight words
/// into `vpopcntq`, a shuffle and a sum of bytes, or scalar instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PopcountLevel {
    /// Plain Rust.
    Scalar,
    /// AVX2: tables of nibbles.
    Avx2,
    /// AVX-512 VPOPCNTDQ.
    Avx512,
}

impl PopcountLevel {
    /// All, narrowest first.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    /// The widest level within an instruction set that this processor has.
    #[must_use]
    pub fn within(isa: Isa) -> Self {
        let wanted = match isa {
            Isa::Scalar | Isa::Neon => Self::Scalar,
            Isa::Avx2 => Self::Avx2,
            Isa::Avx512 => Self::Avx512,
        };
        let fits = |level: &Self| *level <= wanted && level.is_available();
        Self::ALL.into_iter().rev().find(fits).unwrap_or(Self::Scalar)
    }

    /// Whether this processor has the level.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vpopcntdq")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Runs a loop body compiled for this level.
    pub(super) fn run<T: Body>(self, body: T) {
        debug_assert!(self.is_available());
        match self {
            // SAFETY: a level is only chosen where it is available, see `within`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2(body) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512(body) },
            _ => body.run(),
        }
    }
}

/// A loop; its `run` must be `#[inline(always)]` to be compiled for the level.
pub(super) trait Body {
    fn run(self);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn avx2<T: Body>(body: T) {
    body.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq,popcnt")]
fn avx512<T: Body>(body: T) {
    body.run();
}
