//! Quantities with their unit in the type, so that no sum mixes two units.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Mul},
};

use serde::{Deserialize, Serialize};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self(0.0), Add::add)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{} {}", self.0, $unit)
            }
        }
    };
}

quantity!(
    /// Energy in picojoules. Always modelled, never measured, unless a report says otherwise.
    Picojoules,
    "pJ"
);
quantity!(
    /// Core clock cycles.
    Cycles,
    "cycles"
);
quantity!(
    /// Wall-clock time in microseconds.
    Microseconds,
    "us"
);

impl Cycles {
    /// Time at a core clock in GHz.
    #[must_use]
    pub fn at_ghz(self, clock_ghz: f64) -> Microseconds {
        Microseconds(self.0 / (clock_ghz * 1e3))
    }
}
