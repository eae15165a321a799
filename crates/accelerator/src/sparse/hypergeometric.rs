//! The hypergeometric distribution, fast and without cancellation.
//!
//! The probability at one point is the ratio of three binomials by Loader's saddle-point expansion
//! ("Fast and accurate computation of binomial probabilities", 2000), which keeps full relative
//! precision where differences of log-factorials lose it; neighbours follow by the recurrence
//! P(k+1)/P(k) = (r−k)(n−k) / ((k+1)(N−r−n+k+1)). Small cases are exact products.

use std::f64::consts::TAU;

/// Draws of a sample without replacement: how many of `draws` are among the `marked` of
/// `population`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hypergeometric {
    population: u64,
    marked: u64,
    draws: u64,
}

/// Up to this many factors a product is both exact and faster than the expansion.
const FACTORS: u64 = 24;

/// Probabilities below this share of the mode's are left out of sums: they add less than 1e-15.
const NEGLIGIBLE: f64 = 1e-19;

impl Hypergeometric {
    /// `marked` and `draws` are at most `population`; larger ones are taken as `population`.
    #[must_use]
    pub fn new(population: u64, marked: u64, draws: u64) -> Self {
        Self { population, marked: marked.min(population), draws: draws.min(population) }
    }

    /// Least outcome.
    #[must_use]
    pub fn least(&self) -> u64 {
        (self.marked + self.draws).saturating_sub(self.population)
    }

    /// Greatest outcome.
    #[must_use]
    pub fn greatest(&self) -> u64 {
        self.marked.min(self.draws)
    }

    /// Mean outcome, n·r/N.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.population == 0 {
            return 0.0;
        }
        self.draws as f64 * (self.marked as f64 / self.population as f64)
    }

    /// Probability of no marked one, C(N−r, n) / C(N, n).
    #[must_use]
    pub fn none(&self) -> f64 {
        if self.least() > 0 {
            return 0.0;
        }
        let (few, many) = (self.greatest(), self.marked.max(self.draws));
        if few > FACTORS {
            return self.probability(0);
        }
        // Symmetric in marked and draws: few factors (N − many − i) / (N − i). Populations stay
        // below 2⁴⁰, so that neither product leaves the range of a float.
        let (mut above, mut below) = (1.0, 1.0);
        let (population, rest) = (self.population as f64, (self.population - many) as f64);
        for i in 0..few {
            above *= rest - i as f64;
            below *= population - i as f64;
        }
        above / below
    }

    /// Probability of `outcome` marked ones.
    #[must_use]
    pub fn probability(&self, outcome: u64) -> f64 {
        if outcome < self.least() || outcome > self.greatest() {
            return 0.0;
        }
        if self.least() == self.greatest() {
            return 1.0;
        }
        let share = self.draws as f64 / self.population as f64;
        let complement = (self.population - self.draws) as f64 / self.population as f64;
        let log = log_binomial(outcome, self.marked, share, complement)
            + log_binomial(self.draws - outcome, self.population - self.marked, share, complement)
            - log_binomial(self.draws, self.population, share, complement);
        log.exp()
    }

    /// P(k+1) / P(k).
    fn step(&self, outcome: u64) -> f64 {
        let k = outcome as f64;
        let (population, marked, draws) =
            (self.population as f64, self.marked as f64, self.draws as f64);
        (marked - k) * (draws - k) / ((k + 1.0) * (population - marked - draws + k + 1.0))
    }

    /// Visits the outcomes in ascending order with their probabilities, leaving out tails that add
    /// up to less than 1e-15.
    pub fn each(&self, mut visit: impl FnMut(u64, f64)) {
        let (least, greatest) = (self.least(), self.greatest());
        let mode = ((self.draws as f64 + 1.0) * (self.marked as f64 + 1.0)
            / (self.population as f64 + 2.0)) as u64;
        let mode = mode.clamp(least, greatest);
        let peak = self.probability(mode);
        let (mut outcome, mut probability) = (mode, peak);
        while outcome > least && probability > peak * NEGLIGIBLE {
            outcome -= 1;
            probability /= self.step(outcome);
        }
        while outcome <= greatest {
            visit(outcome, probability);
            if outcome >= mode && probability <= peak * NEGLIGIBLE {
                break;
            }
            probability *= self.step(outcome);
            outcome += 1;
        }
    }

    /// The least outcome whose cumulative probability reaches `confidence`.
    #[must_use]
    pub fn quantile(&self, confidence: f64) -> u64 {
        let mut total = 0.0;
        let mut found = None;
        self.each(|outcome, probability| {
            total += probability;
            if found.is_none() && total >= confidence {
                found = Some(outcome);
            }
        });
        found.unwrap_or_else(|| self.greatest())
    }
}

/// ln of the binomial probability of k in n, with both p and 1−p given.
fn log_binomial(k: u64, n: u64, p: f64, q: f64) -> f64 {
    if k == 0 {
        return if n == 0 { 0.0 } else { n as f64 * log_complement(p, q) };
    }
    if k == n {
        return n as f64 * log_complement(q, p);
    }
    let (k, n) = (k as f64, n as f64);
    stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(k, n * p)
        - deviance(n - k, n * q)
        - 0.5 * (TAU * k * (n - k) / n).ln()
}

/// ln(q) where q = 1 − p: from whichever of the two loses no digits.
fn log_complement(p: f64, q: f64) -> f64 {
    if p < 0.5 { (-p).ln_1p() } else { q.ln() }
}

/// The deviance term x ln(x/m) + m − x, by its series where x is near m.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    let square = v * v;
    for index in 1..1000 {
        term *= square;
        let next = sum + term / f64::from(2 * index + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// ln n! − ln(√(2πn) (n/e)ⁿ), the error of Stirling's approximation.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return SMALL[n as usize];
    }
    let square = n * n;
    // The Stirling series: 1/12n − 1/360n³ + 1/1260n⁵ − 1/1680n⁷ + 1/1188n⁹.
    (1.0 / 12.0
        - (1.0 / 360.0
            - (1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0) / square) / square) / square)
            / square)
        / n
}

/// Stirling errors of 0 to 15, from ln n! − ½ ln(2πn) − n ln n + n in 40-digit arithmetic.
/// Zero is never asked for with a finite value.
const SMALL: [f64; 16] = [
    0.0,
    0.08106146679532726,
    0.0413406959554093,
    0.02767792568499834,
    0.020790672103765093,
    0.016644691189821193,
    0.013876128823070748,
    0.01189670994589177,
    0.010411265261972096,
    0.009255462182712733,
    0.00833056343336287,
    0.007573675487951841,
    0.00694284010720953,
    0.006408994188004207,
    0.0059513701127588475,
    0.005554733551962801,
];

#[cfg(test)]
mod tests {
    use statrs::distribution::{Discrete as _, DiscreteCDF as _};

    use super::Hypergeometric;

    fn near(ours: f64, theirs: f64, tolerance: f64) -> bool {
        (ours - theirs).abs() <= tolerance * theirs.abs() + 1e-300
    }

    #[test]
    fn small_cases_are_ratios_of_binomial_coefficients() {
        let choose = |n: u64, k: u64| -> f64 {
            if k > n { 0.0 } else { (0..k).map(|i| (n - i) as f64 / (k - i) as f64).product() }
        };
        for population in 1..=24_u64 {
            for marked in 0..=population {
                for draws in 0..=population {
                    let distribution = Hypergeometric::new(population, marked, draws);
                    let mut total = 0.0;
                    for outcome in 0..=draws {
                        let exact = choose(marked, outcome)
                            * choose(population - marked, draws - outcome)
                            / choose(population, draws);
                        let ours = distribution.probability(outcome);
                        assert!(near(ours, exact, 1e-12), "{distribution:?} {outcome}");
                        total += ours;
                    }
                    assert!((total - 1.0).abs() < 1e-12);
                    assert!(near(distribution.none(), distribution.probability(0), 1e-12));
                }
            }
        }
    }

    #[test]
    fn outcomes_quantiles_and_means_agree_with_statrs() {
        // statrs takes ratios of binomial coefficients, which leave the range of a float near
        // populations of a thousand.
        for (population, marked, draws) in [(500, 160, 64), (900, 300, 40), (256, 90, 128)] {
            let ours = Hypergeometric::new(population, marked, draws);
            let theirs =
                statrs::distribution::Hypergeometric::new(population, marked, draws).unwrap();
            let (mut mean, mut total) = (0.0, 0.0);
            ours.each(|outcome, probability| {
                mean += outcome as f64 * probability;
                total += probability;
                assert!(near(probability, theirs.pmf(outcome), 1e-10), "{ours:?} {outcome}");
                assert!(near(probability, ours.probability(outcome), 1e-12));
            });
            assert!((total - 1.0).abs() < 1e-13, "{total}");
            assert!((mean - ours.mean()).abs() < 1e-12 * ours.mean());
            for confidence in [0.1, 0.5, 0.9, 0.999] {
                let quantile = ours.quantile(confidence);
                assert!(theirs.cdf(quantile) >= confidence - 1e-9);
                assert!(theirs.cdf(quantile - 1) < confidence + 1e-9);
            }
        }
    }

    #[test]
    fn large_cases_are_exact_to_the_last_digits() {
        // C(r,k) C(N−r,n−k) / C(N,n) in rational arithmetic (Python's fractions), rounded once.
        for ((population, marked, draws), outcome, exact) in [
            ((36_864, 12_903, 576), 126, 1.693_904_275_197_295e-12),
            ((36_864, 12_903, 576), 200, 0.034_820_867_348_100_52),
            ((262_144, 1_000, 4_096), 16, 0.099_761_350_195_084_7),
        ] {
            let distribution = Hypergeometric::new(population, marked, draws);
            assert!(near(distribution.probability(outcome), exact, 1e-14));
            distribution.each(|own, probability| {
                assert!(own != outcome || near(probability, exact, 1e-13));
            });
        }
    }

    #[test]
    fn the_product_and_the_expansion_meet() {
        for draws in 1..200 {
            let distribution = Hypergeometric::new(2_359_296, 825_754, draws);
            // ln P = sum of ln(1 − r / (N − i)), each term exact to an ulp.
            let log: f64 =
                (0..draws).map(|i| (-825_754.0 / (2_359_296.0 - i as f64)).ln_1p()).sum();
            assert!(near(distribution.none(), log.exp(), 1e-11), "{draws}");
        }
    }

    #[test]
    fn the_edges_are_certain() {
        assert_eq!(Hypergeometric::new(10, 0, 5).none(), 1.0);
        assert_eq!(Hypergeometric::new(10, 10, 5).probability(5), 1.0);
        assert_eq!(Hypergeometric::new(10, 7, 4).none(), 0.0);
        assert_eq!(Hypergeometric::new(0, 0, 0).none(), 1.0);
        assert_eq!(Hypergeometric::new(100, 30, 100).probability(30), 1.0);
        let mut seen = Vec::new();
        Hypergeometric::new(100, 30, 100)
            .each(|outcome, probability| seen.push((outcome, probability)));
        assert_eq!(seen, [(30, 1.0)]);
    }
}
