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

impl Isa {
    /// All, narrowest first.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Neon, Self::Avx2, Self::Avx512];

    /// The name in reports and in the environment.
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

    /// The set of a name.
    ///
    /// # Errors
    /// No set has the name.
    pub fn named(name: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or_else(|| {
            Problem::new(format!("unknown instruction set `{name}`"))
                .hint("expected one of `scalar`, `neon`, `avx2`, `avx512`")
        })
    }
}

/// Weights whose sum 16 bits hold, with activations of so many bits.
#[must_use]
pub fn weights_in_16_bits(bits: u32) -> u32 {
    0xFFFF / ((1 << bits) - 1)
}
