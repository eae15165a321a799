//! Hypergeometric probabilities to the last bit of a double.
//!
//! Timeloop rounds expectations up and down, and takes its probabilities from a library that
//! computes them in extended precision. To fall on the same side of a whole number they must be
//! as exact here: pairs of doubles carry about 100 bits.

/// An unevaluated sum of two doubles, the second below half a unit of the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wide {
    high: f64,
    low: f64,
}

impl Wide {
    pub(super) const ZERO: Self = Self { high: 0.0, low: 0.0 };
    pub(super) const ONE: Self = Self { high: 1.0, low: 0.0 };

    /// The nearest double.
    pub(super) fn round(self) -> f64 {
        self.high + self.low
    }

    /// Times a whole number below 2^53, over another.
    pub(super) fn scaled(self, times: f64, over: f64) -> Self {
        self.times(times).over(over)
    }

    fn times(self, factor: f64) -> Self {
        let (high, error) = product(self.high, factor);
        normal(high, error + self.low * factor)
    }

    fn over(self, divisor: f64) -> Self {
        let high = self.high / divisor;
        let (back, error) = product(high, divisor);
        normal(high, ((self.high - back) - error + self.low) / divisor)
    }

    fn plus(self, other: Self) -> Self {
        let high = self.high + other.high;
        let part = high - self.high;
        let error = (self.high - (high - part)) + (other.high - part);
        normal(high, error + self.low + other.low)
    }

    /// Quotient of two.
    fn ratio(self, other: Self) -> Self {
        let high = self.high / other.high;
        let rest = self.plus(other.times(-high));
        normal(high, rest.high / other.high)
    }
}

fn normal(high: f64, low: f64) -> Wide {
    let sum = high + low;
    Wide { high: sum, low: low - (sum - high) }
}

/// Product of two doubles and what its rounding lost (Dekker's splitting).
fn product(a: f64, b: f64) -> (f64, f64) {
    let split = |value: f64| {
        let scaled = 134_217_729.0 * value;
        let high = scaled - (scaled - value);
        (high, value - high)
    };
    let high = a * b;
    let ((a1, a2), (b1, b2)) = (split(a), split(b));
    (high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2)
}

/// Outcomes less likely than the most likely one by this factor are left out.
const NEGLIGIBLE: f64 = 1e-40;

/// Probabilities of `draws` from a `population` with `marked` ones: the first outcome listed, and
/// the probabilities from there on.
pub(super) fn hypergeometric(population: u64, marked: u64, draws: u64) -> (u64, Vec<f64>) {
    let (marked, draws) = (marked.min(population), draws.min(population));
    let least = (marked + draws).saturating_sub(population);
    let greatest = marked.min(draws);
    let mode = ((draws as f64 + 1.0) * (marked as f64 + 1.0) / (population as f64 + 2.0)) as u64;
    let mode = mode.clamp(least, greatest);
    // P(k + 1) / P(k) as a quotient of whole numbers.
    let step = |k: u64| {
        let above = (marked - k) as f64 * (draws - k) as f64;
        (above, (k + 1) as f64 * (population + k + 1 - marked - draws) as f64)
    };
    let mut below = Vec::new();
    let mut weight = Wide::ONE;
    for k in (least..mode).rev() {
        let (above, under) = step(k);
        weight = weight.scaled(under, above);
        if weight.high < NEGLIGIBLE {
            break;
        }
        below.push(weight);
    }
    let first = mode - below.len() as u64;
    below.reverse();
    below.push(Wide::ONE);
    weight = Wide::ONE;
    for k in mode..greatest {
        let (above, under) = step(k);
        weight = weight.scaled(above, under);
        if weight.high < NEGLIGIBLE {
            break;
        }
        below.push(weight);
    }
    let total = below.iter().fold(Wide::ZERO, |sum, weight| sum.plus(*weight));
    (first, below.into_iter().map(|weight| weight.ratio(total).round()).collect())
}

/// Probability of one outcome.
pub(super) fn probability(population: u64, marked: u64, draws: u64, outcome: u64) -> f64 {
    let (first, listed) = hypergeometric(population, marked, draws);
    outcome.checked_sub(first).and_then(|at| listed.get(at as usize)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against binomials in 128-bit integers: the nearest double, exactly.
    #[test]
    fn probabilities_are_the_nearest_doubles() {
        let choose = |n: u64, k: u64| {
            (0..k).fold(1_u128, |value, i| value * u128::from(n - i) / u128::from(i + 1))
        };
        for (population, marked, draws) in [(16, 12, 8), (24, 6, 24), (30, 7, 11), (48, 13, 20)] {
            let (first, listed) = hypergeometric(population, marked, draws);
            let mut sum = 0.0;
            for (at, probability) in listed.iter().enumerate() {
                let k = first + at as u64;
                let above = choose(marked, k) * choose(population - marked, draws - k);
                let exact = above as f64 / choose(population, draws) as f64;
                // Both operands are below 2^53 here, so that the quotient is correctly rounded.
                assert!(choose(population, draws) < 1 << 53);
                assert_eq!(*probability, exact, "{population} {marked} {draws} {k}");
                sum += probability;
            }
            assert!((sum - 1.0_f64).abs() < 1e-14);
        }
    }
}
