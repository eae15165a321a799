//! What a kernel is built for.

use serde::Serialize;

use super::lanes::{Finishing, Isa};
use signloop_base::diagnostics::Problem;

/// The activations that a kernel reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activations {
    /// fp32.
    Fp32,
    /// Unsigned integers of 1 to 8 bits, one a byte.
    Unsigned {
        /// Bits.
        bits: u32,
    },
}

impl Activations {
    /// Bytes of a value.
    #[must_use]
    pub fn bytes(self) -> usize {
        if self == Self::Fp32 { 4 } else { 1 }
    }

    /// Largest integer value; 0 for fp32.
    #[must_use]
    pub fn greatest(self) -> u32 {
        match self {
            Self::Fp32 => 0,
            Self::Unsigned { bits } => (1 << bits) - 1,
        }
    }
}

impl std::str::FromStr for Activations {
    type Err = Problem;

    /// `fp32`, or `u` and a number of bits.
    fn from_str(name: &str) -> Result<Self, Problem> {
        if name == "fp32" {
            return Ok(Self::Fp32);
        }
        match name.strip_prefix('u').and_then(|bits| bits.parse().ok()) {
            Some(bits @ 1..=8) => Ok(Self::Unsigned { bits }),
            _ => Err(Problem::new(format!("unknown activation type `{name}`"))
                .hint("expected `fp32` or `u1` to `u8`")),
        }
    }
}

/// The back end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Machine code generated for the weights.
    Code,
    /// Compiled loops over an index stream.
    Table,
}

impl Engine {
    /// The name in reports and in the environment.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Table => "table",
        }
    }

    /// The back end of a name.
    ///
    /// # Errors
    /// None has the name.
    pub fn named(name: &str) -> Result<Self, Problem> {
        [Self::Code, Self::Table].into_iter().find(|engine| engine.name() == name).ok_or_else(
            || {
                Problem::new(format!("unknown back end `{name}`"))
                    .hint("expected `code` or `table`")
            },
        )
    }
}

/// How a kernel is built.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelOptions {
    /// What it reads.
    pub activations: Activations,
    /// What it stores.
    pub finishing: Finishing,
    /// Instruction set.
    pub isa: Isa,
    /// Back end; `None` chooses by the code's size, and by whether code may be run.
    pub engine: Option<Engine>,
    /// Zeros left around the output map, so that the next layer reads it in place.
    pub output_padding: u64,
    /// Added after the scale, one a filter; none if empty.
    pub bias: Vec<f32>,
    /// Pixel blocks that one pass's code runs over before the next pass; `None` chooses.
    pub tile: Option<usize>,
    /// Bytes of the second-level cache of one core.
    pub cache_bytes: usize,
}
