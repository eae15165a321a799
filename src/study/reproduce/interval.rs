//! Whether seeds decide a difference.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::Verdict;

/// A difference of two means in points, and half its 95 % interval; one seed has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// First mean less the second.
    pub mean: f64,
    /// Half the interval; infinite where a side has one seed.
    pub half: f64,
}

impl Difference {
    /// Of two samples of unequal variance; the degrees of freedom are the lesser number of seeds
    /// less one, which is on the safe side.
    #[must_use]
    pub fn of(first: &[f64], second: &[f64]) -> Self {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let error = |values: &[f64]| {
            let squares: f64 = values.iter().map(|value| (value - mean(values)).powi(2)).sum();
            squares / (values.len().saturating_sub(1)).max(1) as f64 / values.len().max(1) as f64
        };
        let freedom = first.len().min(second.len()).saturating_sub(1);
        // There is no distribution of no degrees of freedom.
        let t = StudentsT::new(0.0, 1.0, freedom as f64)
            .map_or(f64::INFINITY, |student| student.inverse_cdf(0.975));
        let half = match t * (error(first) + error(second)).sqrt() {
            // Infinity times no spread.
            half if half.is_nan() => f64::INFINITY,
            half => half,
        };
        Self { mean: mean(first) - mean(second), half }
    }

    /// Of differences that were taken one by one.
    #[must_use]
    pub fn of_pairs(differences: &[f64]) -> Self {
        // Nothing on the other side: its mean and its spread are 0.
        Self::of(differences, &vec![0.0; differences.len()])
    }

    /// Reproduced where the interval lies above a bound, refuted where it lies below.
    #[must_use]
    pub fn above(&self, bound: f64) -> Verdict {
        match self.mean - bound {
            gain if gain > self.half => Verdict::Reproduced,
            gain if gain < -self.half => Verdict::Refuted,
            _ => Verdict::Undecided,
        }
    }

    /// In words.
    #[must_use]
    pub fn interval(&self) -> String {
        if self.half.is_finite() {
            format!("95 % interval ±{:.2} points", self.half)
        } else {
            "one seed decides nothing: the run without --quick trains several".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_decide_only_what_they_agree_on() {
        // Means 2 and 6, variance 1 each, three seeds: 4.303·√(1/3 + 1/3) = 3.513.
        let difference = Difference::of(&[5.0, 6.0, 7.0], &[1.0, 2.0, 3.0]);
        assert!((difference.mean - 4.0).abs() < 1e-12 && (difference.half - 3.513).abs() < 1e-3);
        assert_eq!(difference.above(0.0), Verdict::Reproduced);
        assert_eq!(difference.above(1.0), Verdict::Undecided);
        assert_eq!(difference.above(8.0), Verdict::Refuted);
        // 1, 2, 3: mean 2, 4.303·√(1/3) = 2.484.
        let pairs = Difference::of_pairs(&[1.0, 2.0, 3.0]);
        assert!((pairs.mean - 2.0).abs() < 1e-12 && (pairs.half - 2.484).abs() < 1e-3);
        assert_eq!(Difference::of_pairs(&[3.0]).above(0.0), Verdict::Undecided);
        // One seed, or none, decides nothing, however far apart.
        assert_eq!(Difference::of(&[90.0], &[1.0]).above(0.0), Verdict::Undecided);
        assert_eq!(Difference::of(&[], &[]).above(0.0), Verdict::Undecided);
    }
}
