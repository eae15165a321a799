//! Batches: order, augmentation and normalisation, each a function of seed, epoch and image, so
//! that neither threads nor an interruption change them.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Dataset, Images};

/// Random changes of training images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Augmentation {
    /// Shift by up to this many pixels in each direction; what moves in is the mean colour.
    pub crop: usize,
    /// Mirror left to right with probability one half.
    pub flip: bool,
}

/// The images of an epoch in random order (Fisher-Yates).
#[must_use]
pub fn shuffled(count: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(stream(seed, epoch, u64::MAX));
    for last in (1..order.len()).rev() {
        // The modulo bias of 2^64 over any image count is below 1e-9.
        order.swap(last, (random.next_u64() % (last as u64 + 1)) as usize);
    }
    order
}

fn stream(seed: u64, epoch: u64, image: u64) -> u64 {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&epoch.to_le_bytes());
    key[8..].copy_from_slice(&image.to_le_bytes());
    xxh3_64_with_seed(&key, seed)
}

/// Writes the images of the given indices, normalised to mean 0 and deviation 1 per channel,
/// and their labels. `augment` holds augmentation, seed and epoch.
pub fn fill_batch(
    dataset: &Dataset,
    images: &Images,
    indices: &[u32],
    augment: Option<(Augmentation, u64, u64)>,
    values: &mut [f32],
    labels: &mut Vec<u8>,
) {
    let (height, width, channels) = dataset.shape;
    let size = height * width * channels;
    labels.clear();
    labels.extend(indices.iter().map(|index| images.labels[*index as usize]));
    values.par_chunks_exact_mut(size).zip(indices).for_each(|(values, index)| {
        let pixels = &images.pixels[*index as usize * size..][..size];
        let (mut shift, mut mirror) = ((0, 0), false);
        if let Some((augmentation, seed, epoch)) = augment {
            let bits = stream(seed, epoch, u64::from(*index));
            let choices = 2 * augmentation.crop as u64 + 1;
            let offset = |bits: u64| (bits % choices) as isize - augmentation.crop as isize;
            // Fields of 24 bits: their modulo bias is below 1e-5 for any sensible crop.
            shift = (offset(bits & 0xFF_FFFF), offset(bits >> 24 & 0xFF_FFFF));
            mirror = augmentation.flip && bits >> 63 == 1;
        }
        for (row, line) in values.chunks_exact_mut(width * channels).enumerate() {
            let source_row = row as isize + shift.0;
            for (column, target) in line.chunks_exact_mut(channels).enumerate() {
                let column = if mirror { width - 1 - column } else { column };
                let source_column = column as isize + shift.1;
                let inside = (0..height as isize).contains(&source_row)
                    && (0..width as isize).contains(&source_column);
                if !inside {
                    target.fill(0.0);
                    continue;
                }
                let place = (source_row as usize * width + source_column as usize) * channels;
                for (channel, target) in target.iter_mut().enumerate() {
                    let value = f32::from(pixels[place + channel]);
                    *target = (value - dataset.mean[channel]) / dataset.deviation[channel];
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Dataset {
        let images = Images { pixels: (0..18).collect(), labels: vec![3, 4] };
        Dataset::new("tiny", (3, 3, 1), images.clone(), images)
    }

    #[test]
    fn batches_are_normalised() {
        let dataset = tiny();
        let (mut values, mut labels) = (vec![0.0; 18], Vec::new());
        fill_batch(&dataset, &dataset.train, &[1, 0], None, &mut values, &mut labels);
        assert_eq!(labels, [4, 3]);
        let mean: f32 = values.iter().sum::<f32>() / 18.0;
        let square: f32 = values.iter().map(|value| value * value).sum::<f32>() / 18.0;
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-5);
        assert!(values[0] > values[9]);
    }

    #[test]
    fn augmentation_repeats_and_reaches_every_shift() {
        let dataset = tiny();
        let mut seen = std::collections::BTreeSet::new();
        for epoch in 0..200 {
            let run = || {
                let (mut values, mut labels) = (vec![0.0; 9], Vec::new());
                let augment = Some((Augmentation { crop: 1, flip: true }, 5, epoch));
                fill_batch(&dataset, &dataset.train, &[0], augment, &mut values, &mut labels);
                values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>()
            };
            assert_eq!(run(), run());
            seen.insert(run());
        }
        // Nine shifts, mirrored or not.
        assert_eq!(seen.len(), 18);
    }

    #[test]
    fn an_order_holds_every_image_once() {
        let mut order = shuffled(100, 1, 2);
        assert_ne!(order, shuffled(100, 1, 3));
        assert_eq!(order, shuffled(100, 1, 2));
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<u32>>());
    }
}
