//! Kernel rates from measured times: least squares on relative errors.

use nalgebra::{DMatrix, DVector};

use signloop_cpu::{KernelWork, kernel_cycles};
use signloop_machine::{LaneRates, Sourced};

/// Rates in the order of [`LaneRates`].
const RATES: usize = 6;

/// A kernel's work, and the cycles that it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Layer, scheme and method.
    pub name: String,
    /// Work.
    pub work: KernelWork,
    /// Fastest run.
    pub cycles: f64,
}

/// Fitted rates with what they leave over.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Rates.
    pub rates: LaneRates,
    /// Predicted over measured, less one, for each sample.
    pub residuals: Vec<f64>,
}

impl Fit {
    /// Mean of the residuals' magnitudes.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let sum: f64 = self.residuals.iter().map(|residual| residual.abs()).sum();
        sum / self.residuals.len().max(1) as f64
    }

    /// Largest magnitude of a residual.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.residuals.iter().fold(0.0, |worst, residual| worst.max(residual.abs()))
    }
}

/// Fits by Gauss–Newton steps with damping (Levenberg–Marquardt), rates kept at or above zero.
#[must_use]
pub fn fit(samples: &[Sample], source: &str) -> Fit {
    // Half a cycle an add, two a load, and small ends: any start of that size converges.
    let mut rates = [0.5, 2.0, 2.0, 10.0, 0.1, 500.0];
    let mut damping = 1e-3;
    let mut error = residuals(samples, &rates).norm_squared();
    for _ in 0..200 {
        let now = residuals(samples, &rates);
        let jacobian = jacobian(samples, &rates, &now);
        let normal = jacobian.transpose() * &jacobian;
        let gradient = jacobian.transpose() * &now;
        let mut damped = normal.clone();
        for rate in 0..RATES {
            damped[(rate, rate)] += damping * normal[(rate, rate)].max(1e-12);
        }
        let Some(step) = damped.lu().solve(&gradient) else { break };
        let mut next = rates;
        for (rate, step) in next.iter_mut().zip(step.iter()) {
            *rate = (*rate - step).max(0.0);
        }
        let new_error = residuals(samples, &next).norm_squared();
        if new_error < error {
            let gain = (error - new_error) / error.max(1e-30);
            (rates, error) = (next, new_error);
            damping = (damping * 0.3).max(1e-9);
            if gain < 1e-10 {
                break;
            }
        } else {
            damping *= 4.0;
            if damping > 1e9 {
                break;
            }
        }
    }
    Fit {
        residuals: residuals(samples, &rates).iter().copied().collect(),
        rates: lane_rates(&rates, source),
    }
}

fn lane_rates(rates: &[f64; RATES], source: &str) -> LaneRates {
    let rate = |index: usize| Sourced::new(rates[index], source);
    LaneRates {
        cycles_per_add: rate(0),
        cycles_per_load: rate(1),
        cycles_per_store: rate(2),
        cycles_per_finish: rate(3),
        cycles_per_far_code_byte: rate(4),
        cycles_per_run: rate(5),
    }
}

fn residuals(samples: &[Sample], rates: &[f64; RATES]) -> DVector<f64> {
    let rates = lane_rates(rates, "");
    DVector::from_iterator(
        samples.len(),
        samples
            .iter()
            .map(|sample| kernel_cycles(&sample.work, &rates).total.0 / sample.cycles - 1.0),
    )
}

fn jacobian(samples: &[Sample], rates: &[f64; RATES], now: &DVector<f64>) -> DMatrix<f64> {
    let mut jacobian = DMatrix::zeros(samples.len(), RATES);
    for rate in 0..RATES {
        let step = (rates[rate] * 1e-4).max(1e-6);
        let mut moved = *rates;
        moved[rate] += step;
        jacobian.set_column(rate, &((residuals(samples, &moved) - now) / step));
    }
    jacobian
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_rates_are_found_again() {
        let known = [0.55, 1.8, 3.0, 12.0, 0.2, 900.0];
        let rates = lane_rates(&known, "");
        let samples: Vec<Sample> = (0_u64..40)
            .map(|index| {
                let work = KernelWork {
                    adds: 5_000 + index * 731 % 9_000,
                    loads: 800 + index * 977 % 4_000,
                    stores: index * 311 % 500,
                    finishes: 16 + index * 53 % 300,
                    blocks: 1 + index * 7 % 90,
                    far_code_bytes: if index % 3 == 0 { index * 70_000 } else { 0 },
                };
                let cycles = kernel_cycles(&work, &rates).total.0;
                Sample { name: String::new(), work, cycles }
            })
            .collect();
        let found = fit(&samples, "");
        assert!(found.worst() < 1e-4, "{}", found.worst());
        assert!((found.rates.cycles_per_add.value - 0.55).abs() < 1e-3);
        assert!((found.rates.cycles_per_load.value - 1.8).abs() < 1e-2);
    }
}
