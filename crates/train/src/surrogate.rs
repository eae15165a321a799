//! Surrogate gradients of the quantiser: what stands in for the derivative of a step.
//!
//! STE: 1 inside |w| ≤ 1, else 0 (BinaryNet; the released signed-binary code). EDE: that, times
//! k·t·(1 − tanh²(t·d)) with d the distance from the step, t = 0.1·100^progress from 0.1 to 10
//! and k = max(1/t, 1) (IR-Net). The step of `binary` is at 0, those of `signed-binary` and
//! `zero-one` at ±Δ with the Δ of the forward pass, those of `ternary` at +Δ and −Δ: there d is
//! taken from the nearer one.

use signloop_network::quant::{
    QuantizeOptions, QuantizedTensor, Scope, WeightShape, quantize, region_signs, threshold,
};

/// A surrogate gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surrogate {
    /// Straight-through estimator.
    Ste,
    /// Error-decay estimator, narrowing as training goes on.
    Ede,
}

/// How the latent weights of quantised layers are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantizer {
    /// The quantiser of the forward pass, the same that packs the weights at the end.
    pub options: QuantizeOptions,
    /// Its stand-in on the way back.
    pub surrogate: Surrogate,
}

/// t and k of EDE at a progress from 0 to 1.
#[must_use]
pub fn ede_parameters(progress: f64) -> (f64, f64) {
    const LEAST: f64 = 0.1;
    const GREATEST: f64 = 10.0;
    let t = LEAST * (GREATEST / LEAST).powf(progress);
    (t, (1.0 / t).max(1.0))
}

/// k·t·(1 − tanh²(t·d)).
#[must_use]
pub fn ede_factor(progress: f64, distance: f64) -> f64 {
    let (t, k) = ede_parameters(progress);
    k * t * (1.0 - (t * distance).tanh().powi(2))
}

impl Quantizer {
    /// Writes code × scale of every latent weight; returns the quantised tensor.
    ///
    /// # Errors
    /// A latent is NaN or infinite.
    pub(super) fn apply(
        &self,
        latents: &[f32],
        shape: WeightShape,
        effective: &mut [f32],
    ) -> Result<QuantizedTensor, signloop_base::diagnostics::Problem> {
        let tensor = quantize(latents, shape, &self.options)?;
        let length = shape.filter_len();
        let filters = tensor.codes().chunks_exact(length).zip(effective.chunks_exact_mut(length));
        for ((codes, effective), scale) in filters.zip(tensor.scales()) {
            for (value, code) in effective.iter_mut().zip(codes) {
                *value = f32::from(*code) * scale;
            }
        }
        Ok(tensor)
    }

    /// Multiplies ∂loss/∂(quantised weight) by the surrogate. The scale counts as a constant,
    /// and 1, as where PyTorch code writes `w + (quantised - w).detach()`.
    pub(super) fn backward(
        &self,
        latents: &[f32],
        shape: WeightShape,
        progress: f64,
        gradient: &mut [f32],
    ) {
        let (t, k) = ede_parameters(progress);
        let (gain, t) = ((k * t) as f32, t as f32);
        let options = &self.options;
        let signs = region_signs(shape, options);
        let layer = threshold(latents, options.threshold);
        let length = shape.filter_len();
        let filters = latents.chunks_exact(length).zip(gradient.chunks_exact_mut(length));
        for (filter, (latents, gradient)) in filters.enumerate() {
            let delta = match options.threshold_scope {
                Scope::Filter => threshold(latents, options.threshold),
                Scope::Layer => layer,
            } as f32;
            for (index, (latent, gradient)) in latents.iter().zip(gradient).enumerate() {
                let inside = latent.abs() <= 1.0;
                let factor = match self.surrogate {
                    Surrogate::Ste => 1.0,
                    Surrogate::Ede => {
                        let scheme = options.scheme;
                        let distance = match scheme.one_sign(signs.of(filter, index)) {
                            Some(sign) => latent - delta * f32::from(sign),
                            None if scheme.has_zero() => latent.abs() - delta,
                            None => *latent,
                        };
                        let slope = (t * distance).tanh();
                        gain * (1.0 - slope * slope)
                    }
                };
                *gradient *= if inside { factor } else { 0.0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors worked out from the published formula with the values t and k of each epoch.
    #[test]
    fn ede_of_the_published_formula() {
        for (epoch, epochs, t, k, factors) in [
            (0, 400, 0.1, 10.0, [1.0, 1.0, 0.9975, 0.9901]),
            (1, 320, 0.101450, 9.857119, [1.0, 1.0, 0.9974, 0.9898]),
            (100, 400, 0.316228, 3.162278, [1.0, 0.9998, 0.9754, 0.9063]),
            (160, 320, 1.0, 1.0, [1.0, 0.9975, 0.7864, 0.4200]),
            (300, 400, 3.162278, 1.0, [3.1623, 3.0845, 0.4928, 0.0226]),
            (319, 320, 9.857119, 1.0, [9.8571, 7.8031, 0.0021, 0.0]),
        ] {
            let progress = f64::from(epoch) / f64::from(epochs);
            let (found_t, found_k) = ede_parameters(progress);
            assert!((found_t - t).abs() < 1e-5 && (found_k - k).abs() < 1e-5, "{epoch}");
            for (distance, factor) in [0.0, 0.05, 0.5, 1.0].into_iter().zip(factors) {
                let found = ede_factor(progress, distance);
                assert!((found - factor).abs() < 6e-5, "{epoch} {distance} {found}");
            }
        }
    }

    /// Two filters of two weights; Δ = 0.05·0.8 = 0.04 in both, so the steps are at +0.04
    /// and −0.04, where the factor is k·t.
    #[test]
    fn the_gradient_is_largest_at_the_step_of_each_region() {
        let shape = WeightShape { filters: 2, channels: 2, kernel_height: 1, kernel_width: 1 };
        let latents = [0.04, 0.8, -0.04, 0.8];
        let options = QuantizeOptions::default();
        let quantizer = Quantizer { options, surrogate: Surrogate::Ede };
        let mut gradient = [1.0; 4];
        quantizer.backward(&latents, shape, 0.75, &mut gradient);
        let expected = [0.0, 0.76, 0.0, 0.84].map(|distance| ede_factor(0.75, distance) as f32);
        for (found, expected) in gradient.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{gradient:?}");
        }
        let ste = Quantizer { surrogate: Surrogate::Ste, ..quantizer };
        let mut gradient = [1.0; 2];
        let shape = WeightShape { filters: 1, ..shape };
        ste.backward(&[1.0, 1.5], shape, 0.0, &mut gradient);
        assert_eq!(gradient, [1.0, 0.0]);
    }
}
