//! The quantisation schemes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use signloop_base::diagnostics::Problem;

/// Which values a quantised weight may take (times the filter's scale).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// {−1, +1}: no zeros, the most repetition.
    Binary,
    /// {−1, 0, +1}: the most sparsity.
    Ternary,
    /// Each region (by default a filter) is {0, +1} or {0, −1}.
    SignedBinary,
    /// {0, +1} everywhere.
    ZeroOne,
}

impl Scheme {
    /// All schemes in the order of every table.
    pub const ALL: [Self; 4] = [Self::Binary, Self::Ternary, Self::SignedBinary, Self::ZeroOne];

    /// The name used in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ternary => "ternary",
            Self::SignedBinary => "signed-binary",
            Self::ZeroOne => "zero-one",
        }
    }

    /// One line for `signloop list`.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Binary => "{-1,+1}: no zeros, most repetition",
            Self::Ternary => "{-1,0,+1}: most sparsity",
            Self::SignedBinary => "each filter {0,+1} or {0,-1}: repetition and sparsity",
            Self::ZeroOne => "{0,+1}: every filter of one sign",
        }
    }

    /// Whether a code is one the scheme allows (regions are checked elsewhere).
    #[must_use]
    pub fn allows(self, code: i8) -> bool {
        match code {
            0 => self.has_zero(),
            -1 => self.has_negative(),
            _ => code == 1,
        }
    }

    /// Whether a weight may be zero.
    #[must_use]
    pub fn has_zero(self) -> bool {
        self != Self::Binary
    }

    /// Whether a weight may be negative.
    #[must_use]
    pub fn has_negative(self) -> bool {
        self != Self::ZeroOne
    }

    /// Whether every region has one sign, which is stored beside its weights.
    #[must_use]
    pub fn has_region_signs(self) -> bool {
        self == Self::SignedBinary
    }

    /// The one sign of the weights of a region whose sign is `region`; none where a region may
    /// hold both signs.
    #[must_use]
    pub fn one_sign(self, region: i8) -> Option<i8> {
        match self {
            Self::Binary | Self::Ternary => None,
            Self::SignedBinary => Some(region),
            Self::ZeroOne => Some(1),
        }
    }

    /// Values that the weights of one region may take.
    #[must_use]
    pub fn values_in_region(self) -> u32 {
        match self {
            Self::Ternary => 3,
            Self::Binary | Self::SignedBinary | Self::ZeroOne => 2,
        }
    }

    /// Bits to store one code: 1, or 2 for ternary. Signed-binary adds one sign bit a region.
    #[must_use]
    pub fn bits_per_weight(self) -> u32 {
        match self {
            Self::Ternary => 2,
            Self::Binary | Self::SignedBinary | Self::ZeroOne => 1,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Scheme {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let problem = Problem::new(format!("unknown scheme `{text}`"))
                .hint(format!("expected one of `{}`", names.join("`, `")));
            problem.did_you_mean(text, names)
        })
    }
}
