//! Lanes, instruction sets, and what becomes of a finished sum.

use serde::Serialize;

use signloop_base::diagnostics::Problem;

/// The type of a lane while sums are formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// 32-bit floats: fp32 activations.
    F32,
    /// 16-bit integers that wrap: integer activations of at most 8 bits. Sums of a chunk of
    /// columns fit; between chunks they wait in 32 bits.
    I16,
    /// 32-bit integers: integer activations where a program cannot be cut into chunks.
    I32,
}

impl Lane {
    /// Bytes of a lane.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::I16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }
}

/// What is stored for a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finishing {
    /// The bare integer sum, 32 bits (integer activations only).
    Sums,
    /// scale·sum + bias as fp32.
    Scaled,
    /// max(scale·sum + bias, 0) as fp32.
    Relu,
    /// scale·sum + bias rounded half to even and clamped to 0..=255.
    Requantised,
}

impl Finishing {
    /// Bytes of an output value.
    #[must_use]
    pub fn bytes(self) -> usize {
        if self == Self::Requantised { 1 } else { 4 }
    }
}

impl std::str::FromStr for Finishing {
    type Err = Problem;

    fn from_str(name: &str) -> Result<Self, Problem> {
        Ok(match name {
            "sums" => Self::Sums,
            "scaled" => Self::Scaled,
            "relu" => Self::Relu,
            "requantised" => Self::Requantised,
            _ => {
                return Err(Problem::new(format!("unknown finishing `{name}`"))
                    .hint("expected one of `sums`, `scaled`, `relu`, `requantised`"));
            }
        })
    }
}

/// The instruction set that a kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isa {
    /// Portable Rust.
    Scalar,
    /// NEON: 32 registers of 128 bits.
    Neon,
    /// AVX2 and FMA: 16 registers of 256 bits.
    Avx2,
    /// AVX-512 F, BW, DQ and VL: 32 registers of 512 bits.
    Avx512,
}

/// Environment variable that lowers the instruction set: `scalar`, `neon`, `avx2` or `avx512`.
pub const ISA_VARIABLE: &str = "SIGNLOOP_ISA";

impl Isa {
    /// All, narrowest first.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Neon, Self::Avx2, Self::Avx512];

    /// The name in reports and in [`ISA_VARIABLE`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Bytes of a vector; the portable form works on blocks as wide as AVX2.
    #[must_use]
    pub fn vector_bytes(self) -> usize {
        match self {
            Self::Avx512 => 64,
            Self::Avx2 | Self::Scalar => 32,
            Self::Neon => 16,
        }
    }

    /// Whether this processor has the instruction set.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            // Part of every 64-bit ARM processor that Rust's targets allow.
            Self::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(all(target_arch = "x86_64", unix))]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(all(target_arch = "x86_64", unix))]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(all(target_arch = "x86_64", unix)))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The widest set that this processor has.
    #[must_use]
    pub fn widest() -> Self {
        Self::ALL.into_iter().rev().find(|isa| isa.is_available()).unwrap_or(Self::Scalar)
    }

    /// The widest set, or the one that [`ISA_VARIABLE`] names.
    ///
    /// # Errors
    /// The variable names no set, or one that this processor lacks.
    pub fn detect() -> Result<Self, Problem> {
        match std::env::var(ISA_VARIABLE) {
            Ok(name) => Self::named(&name),
            Err(_) => Ok(Self::widest()),
        }
    }

    /// The set of a name, if this processor has it.
    ///
    /// # Errors
    /// No set has the name, or this processor lacks it.
    pub fn named(name: &str) -> Result<Self, Problem> {
        let found = Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or_else(|| {
            Problem::new(format!("unknown instruction set `{name}`"))
                .hint("expected one of `scalar`, `neon`, `avx2`, `avx512`")
        })?;
        if found.is_available() {
            Ok(found)
        } else {
            Err(Problem::new(format!("this processor has no {name}"))
                .hint(format!("it has `{}`", Self::widest().name())))
        }
    }
}

/// Weights whose sum 16 bits hold, with activations of so many bits.
pub(super) fn weights_in_16_bits(bits: u32) -> u32 {
    0xFFFF / ((1 << bits) - 1)
}
