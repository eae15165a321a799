//! Seeded random weights: i.i.d., or with a density of its own for every filter.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{QuantizedTensor, Scheme, WeightShape};
use signloop_base::diagnostics::Problem;

/// How random weights are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Randomness {
    /// Probability that a weight is effectual (1 under `binary`, whatever is said).
    pub density: f64,
    /// Half-width of the uniform distribution of a filter's own density; 0 is i.i.d.
    pub spread: f64,
    /// Seed. Equal seed, shape and scheme give equal weights.
    pub seed: u64,
}

/// Uniform in [0, 1) with 53 bits.
fn unit(random: &mut impl Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Draws a tensor. Under `signed-binary` the first ⌊K/2⌋ filters are {0,+1}, the others {0,−1}.
/// All scales are 1.
///
/// # Errors
/// The density or spread is not within 0 and 1.
pub fn synthesise(
    scheme: Scheme,
    shape: WeightShape,
    randomness: Randomness,
) -> Result<QuantizedTensor, Problem> {
    let Randomness { density, spread, seed } = randomness;
    if !(0.0..=1.0).contains(&density) || !(0.0..=1.0).contains(&spread) {
        return Err(Problem::new(format!(
            "density {density} and spread {spread} must lie between 0 and 1"
        )));
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut codes = Vec::with_capacity(shape.len());
    for filter in 0..shape.filters {
        let own = if scheme.has_zero() {
            (density + spread * (2.0 * unit(&mut random) - 1.0)).clamp(0.0, 1.0)
        } else {
            1.0
        };
        // Half a draw a weight: 31 bits decide whether it is effectual, one its sign.
        let limit = (own * 2_f64.powi(31)).round() as u32;
        let region = if filter < shape.filters / 2 { 1 } else { -1 };
        let one_sign = scheme.one_sign(region);
        let code = |bits: u32| {
            let sign = one_sign.unwrap_or(1 - 2 * (bits & 1) as i8);
            i8::from(bits >> 1 < limit) * sign
        };
        for _ in 0..shape.filter_len() / 2 {
            let draw = random.next_u64();
            codes.extend([code((draw >> 32) as u32), code(draw as u32)]);
        }
        if shape.filter_len() % 2 == 1 {
            codes.push(code((random.next_u64() >> 32) as u32));
        }
    }
    QuantizedTensor::new(scheme, shape, codes, vec![1.0; shape.filters])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: WeightShape =
        WeightShape { filters: 64, channels: 64, kernel_height: 3, kernel_width: 3 };

    fn draw(scheme: Scheme, spread: f64, seed: u64) -> QuantizedTensor {
        synthesise(scheme, SHAPE, Randomness { density: 0.35, spread, seed }).unwrap()
    }

    #[test]
    fn density_is_as_asked_and_regions_hold_one_sign() {
        // 36,864 draws: the standard error of the density is 0.0025.
        for scheme in [Scheme::Ternary, Scheme::SignedBinary, Scheme::ZeroOne] {
            assert!((draw(scheme, 0.0, 1).density() - 0.35).abs() < 0.0125);
        }
        assert_eq!(draw(Scheme::Binary, 0.0, 1).effectual(), 36_864);
        let signed = draw(Scheme::SignedBinary, 0.0, 1);
        assert!(signed.filter(31).iter().all(|code| *code >= 0));
        assert!(signed.filter(32).iter().all(|code| *code <= 0));
    }

    #[test]
    fn equal_seeds_repeat_and_others_differ() {
        assert_eq!(draw(Scheme::Ternary, 0.1, 7), draw(Scheme::Ternary, 0.1, 7));
        assert_ne!(draw(Scheme::Ternary, 0.1, 7), draw(Scheme::Ternary, 0.1, 8));
    }

    #[test]
    fn spread_widens_the_filters_densities() {
        let deviation = |tensor: &QuantizedTensor| {
            let share = |k: usize| {
                let filter = tensor.filter(k);
                filter.iter().filter(|code| **code != 0).count() as f64 / filter.len() as f64
            };
            let mean: f64 = (0..64).map(share).sum::<f64>() / 64.0;
            ((0..64).map(|k| (share(k) - mean).powi(2)).sum::<f64>() / 64.0).sqrt()
        };
        // i.i.d.: sqrt(.35*.65/576) = 0.02; uniform of half-width 0.2: 0.2/sqrt(3) = 0.115.
        assert!(deviation(&draw(Scheme::ZeroOne, 0.0, 3)) < 0.04);
        assert!(deviation(&draw(Scheme::ZeroOne, 0.2, 3)) > 0.08);
    }
}
