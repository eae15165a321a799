//! Random first weights.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Normal with variance 2 / fan-in (He et al. 2015), seeded by network seed and layer name, so
/// that adding a layer leaves the others as they were.
pub(super) fn initial_weights(weights: &mut [f32], fan_in: usize, layer: &str, seed: u64) {
    let seed = xxhash_rust::xxh3::xxh3_64_with_seed(layer.as_bytes(), seed);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    // Open at 0, for the logarithm.
    let mut unit = || ((random.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    let deviation = (2.0 / fan_in.max(1) as f64).sqrt();
    for pair in weights.chunks_mut(2) {
        // Box-Muller gives two normal values of two uniform ones.
        let (radius, angle) = ((-2.0 * unit().ln()).sqrt(), std::f64::consts::TAU * unit());
        for (weight, value) in pair.iter_mut().zip([angle.cos(), angle.sin()]) {
            *weight = (radius * value * deviation) as f32;
        }
    }
}
