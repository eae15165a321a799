//! Latent weights to codes: the one quantiser of weight import and training.
//!
//! Formulas: binary α = mean|W| of a filter, sign(0) = +1 (XNOR-Net); Δ = 0.05·max|W| (TTQ, and
//! the released signed-binary code, there per filter); Δ = 0.7·mean|W| (TWN).

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{QuantizedTensor, Scheme, WeightShape};
use signloop_base::diagnostics::Problem;

/// Distance from zero below which a weight becomes zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// A fraction of max|W| (TTQ and the released signed-binary code: 0.05).
    MaxFraction(f64),
    /// A fraction of mean|W| (TWN: 0.7).
    MeanFraction(f64),
}

/// Over which weights the threshold is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Each filter has its own.
    Filter,
    /// One for the layer.
    Layer,
}

/// The factor that a filter's codes are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleRule {
    /// mean |w| over the filter's effectual weights.
    Filter,
    /// mean |w| over the layer's effectual weights.
    Layer,
    /// 1: left to the normalisation that follows.
    One,
}

/// Which regions are {0,+1}; the others are {0,−1}. Fixed before training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// The first ⌊n/2⌋ regions (the released code).
    Half,
    /// Every other region, starting with {0,+1}.
    Interleaved,
    /// ⌊n/2⌋ regions drawn at random.
    Random {
        /// Seed of the draw.
        seed: u64,
    },
}

/// The weights that share one sign under signed-binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// A whole filter (C_t = C).
    Filter,
    /// C_t channels × R × S of a filter; the last tile may have fewer channels.
    Tile {
        /// C_t.
        channels: usize,
    },
}

/// How latent weights are quantised.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "each field's type says what it is")]
pub struct QuantizeOptions {
    pub scheme: Scheme,
    pub threshold: Threshold,
    pub threshold_scope: Scope,
    pub scale: ScaleRule,
    pub assignment: Assignment,
    pub region: Region,
}

impl Default for QuantizeOptions {
    /// Signed-binary as released: Δ = 0.05·max|W| per filter, first half {0,+1}; scale mean |w|.
    fn default() -> Self {
        Self {
            scheme: Scheme::SignedBinary,
            threshold: Threshold::MaxFraction(0.05),
            threshold_scope: Scope::Filter,
            scale: ScaleRule::Filter,
            assignment: Assignment::Half,
            region: Region::Filter,
        }
    }
}

/// Quantises latents in K×C×R×S order.
///
/// Thresholds are inclusive; a filter whose latents are all zero stays all zero (all +1 with
/// scale 0 under binary, which has no zero).
///
/// # Errors
/// A latent is NaN or infinite, or the count does not fill the shape.
pub fn quantize(
    latents: &[f32],
    shape: WeightShape,
    options: &QuantizeOptions,
) -> Result<QuantizedTensor, Problem> {
    if latents.len() != shape.len() {
        let message = format!("{} latents do not fill {} weights", latents.len(), shape.len());
        return Err(Problem::new(message));
    }
    if let Some(index) = latents.iter().position(|latent| !latent.is_finite()) {
        return Err(Problem::new(format!("weight {index} is {}", latents[index])));
    }
    let length = shape.filter_len().max(1);
    let signs = region_signs(shape, options);
    let layer_threshold = threshold(latents, options.threshold);
    let mut codes = Vec::with_capacity(latents.len());
    for (k, filter) in latents.chunks(length).enumerate() {
        let delta = match options.threshold_scope {
            Scope::Filter => threshold(filter, options.threshold),
            Scope::Layer => layer_threshold,
        };
        for (index, latent) in filter.iter().map(|latent| f64::from(*latent)).enumerate() {
            // With Δ = 0 (a filter of zeros) the inclusive rule would keep every zero.
            let kept = latent != 0.0 && latent.abs() >= delta;
            let kept = kept || !options.scheme.has_zero();
            codes.push(match options.scheme.one_sign(signs.of(k, index)) {
                Some(sign) => i8::from(kept && (latent > 0.0) == (sign > 0)) * sign,
                None => i8::from(kept) * if latent < 0.0 { -1 } else { 1 },
            });
        }
    }
    let scales = scales(latents, &codes, shape, options.scale);
    QuantizedTensor::new(options.scheme, shape, codes, scales)
}

/// Δ of a set of latents.
#[must_use]
pub fn threshold(latents: &[f32], rule: Threshold) -> f64 {
    let magnitudes = latents.iter().map(|latent| f64::from(latent.abs()));
    match rule {
        Threshold::MaxFraction(fraction) => fraction * magnitudes.fold(0.0, f64::max),
        Threshold::MeanFraction(fraction) => {
            fraction * magnitudes.sum::<f64>() / latents.len().max(1) as f64
        }
    }
}

/// The sign of every region under signed-binary.
#[derive(Debug, Clone)]
pub struct RegionSigns {
    tiles: usize,
    tile_len: usize,
    signs: Vec<i8>,
}

impl RegionSigns {
    /// +1 or −1: the sign of weight `index` (C×R×S order) of a filter.
    #[must_use]
    pub fn of(&self, filter: usize, index: usize) -> i8 {
        self.signs[filter * self.tiles + index / self.tile_len]
    }
}

/// Which regions are {0,+1} and which {0,−1}.
#[must_use]
pub fn region_signs(shape: WeightShape, options: &QuantizeOptions) -> RegionSigns {
    let slice = (shape.kernel_height * shape.kernel_width).max(1);
    let channels = match options.region {
        Region::Filter => shape.channels,
        Region::Tile { channels } => channels.clamp(1, shape.channels.max(1)),
    };
    let tiles = shape.channels.div_ceil(channels.max(1)).max(1);
    let count = shape.filters * tiles;
    let mut signs: Vec<i8> = (0..count)
        .map(|region| {
            let positive = match options.assignment {
                Assignment::Half | Assignment::Random { .. } => region < count / 2,
                Assignment::Interleaved => region % 2 == 0,
            };
            if positive { 1 } else { -1 }
        })
        .collect();
    if let Assignment::Random { seed } = options.assignment {
        // Fisher-Yates keeps the halves equal; the modulo bias over 2^64 is below 1e-9.
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        for last in (1..signs.len()).rev() {
            let other = (random.next_u64() % (last as u64 + 1)) as usize;
            signs.swap(last, other);
        }
    }
    RegionSigns { tiles, tile_len: channels.max(1) * slice, signs }
}

fn scales(latents: &[f32], codes: &[i8], shape: WeightShape, rule: ScaleRule) -> Vec<f32> {
    let mean = |latents: &[f32], codes: &[i8]| {
        let kept = latents.iter().zip(codes).filter(|(_, code)| **code != 0);
        let (sum, count) =
            kept.fold((0.0, 0_u64), |(sum, n), (w, _)| (sum + f64::from(w.abs()), n + 1));
        if count == 0 { 0.0 } else { (sum / count as f64) as f32 }
    };
    let length = shape.filter_len().max(1);
    match rule {
        ScaleRule::One => vec![1.0; shape.filters],
        ScaleRule::Layer => vec![mean(latents, codes); shape.filters],
        ScaleRule::Filter => latents
            .chunks(length)
            .zip(codes.chunks(length))
            .map(|(latents, codes)| mean(latents, codes))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(filters: usize, channels: usize) -> WeightShape {
        WeightShape { filters, channels, kernel_height: 1, kernel_width: 1 }
    }

    fn options(scheme: Scheme) -> QuantizeOptions {
        QuantizeOptions { scheme, ..QuantizeOptions::default() }
    }

    #[test]
    fn every_scheme_on_one_filter_pair() {
        // Δ = 0.05·1 in both filters; 0.05 itself is kept (inclusive), 0.04 is not.
        let latents = [1.0, -0.05, 0.04, 0.0, -1.0, 0.05, -0.04, 0.5];
        let codes =
            |scheme| quantize(&latents, shape(2, 4), &options(scheme)).unwrap().codes().to_vec();
        assert_eq!(codes(Scheme::Binary), [1, -1, 1, 1, -1, 1, -1, 1]);
        assert_eq!(codes(Scheme::Ternary), [1, -1, 0, 0, -1, 1, 0, 1]);
        assert_eq!(codes(Scheme::SignedBinary), [1, 0, 0, 0, -1, 0, 0, 0]);
        assert_eq!(codes(Scheme::ZeroOne), [1, 0, 0, 0, 0, 1, 0, 1]);
    }

    #[test]
    fn a_filter_of_zeros_stays_zero() {
        for scheme in [Scheme::Ternary, Scheme::SignedBinary, Scheme::ZeroOne] {
            let tensor = quantize(&[0.0; 4], shape(2, 2), &options(scheme)).unwrap();
            assert_eq!(tensor.effectual(), 0);
            assert_eq!(tensor.scales(), [0.0, 0.0]);
        }
        let binary = quantize(&[0.0; 2], shape(1, 2), &options(Scheme::Binary)).unwrap();
        assert_eq!((binary.codes(), binary.scales()), (&[1, 1][..], &[0.0][..]));
    }

    #[test]
    fn the_scale_is_the_mean_of_kept_magnitudes() {
        let tensor =
            quantize(&[0.5, 1.0, -2.0, 0.01], shape(1, 4), &options(Scheme::Ternary)).unwrap();
        assert!((tensor.scales()[0] - 3.5 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn not_a_number_is_named() {
        let problem =
            quantize(&[0.0, f32::NAN], shape(1, 2), &options(Scheme::Binary)).unwrap_err();
        assert_eq!(problem.message(), "weight 1 is NaN");
    }

    #[test]
    fn assignments_keep_halves_and_tiles_may_differ_within_a_filter() {
        let latents = vec![1.0; 64];
        let positive = |assignment, region| {
            let options = QuantizeOptions { assignment, region, ..options(Scheme::SignedBinary) };
            let tensor = quantize(&latents, shape(8, 8), &options).unwrap();
            tensor.codes().iter().filter(|code| **code == 1).count()
        };
        for assignment in
            [Assignment::Half, Assignment::Interleaved, Assignment::Random { seed: 3 }]
        {
            assert_eq!(positive(assignment, Region::Filter), 32);
            assert_eq!(positive(assignment, Region::Tile { channels: 4 }), 32);
        }
    }
}
