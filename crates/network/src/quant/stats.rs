//! Statistics of a layer's weights: sparsity, entropy and repetition, measured beside the
//! pigeonhole bounds of the published table.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{QuantizedTensor, Scheme};

/// Weights of a T-tile: the pattern length whose repetition is reported beside 2-D kernels.
pub const TILE: usize = 4;

/// Statistics of one tensor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeightStats {
    /// All weights.
    pub total: u64,
    /// Non-zero weights: the effectual parameters.
    pub effectual: u64,
    /// effectual / total.
    pub density: f64,
    /// Spread of the filters' own densities.
    pub filter_density: Spread,
    /// Shannon entropy of one weight over the whole tensor, in bits.
    pub entropy_bits_per_weight: f64,
    /// R×S slices.
    pub kernels: Patterns,
    /// Tiles of consecutive weights of a filter, [`TILE`] by default (the last may be shorter).
    pub tiles: Patterns,
    /// Filters equal to an earlier filter.
    pub duplicate_filters: u64,
    /// Filters equal to an earlier filter or to its negative.
    pub duplicate_filters_up_to_sign: u64,
    /// Filters of zeros only.
    pub zero_filters: u64,
}

/// Least, mean, greatest and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Spread {
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    pub std_dev: f64,
}

/// How often patterns of one length repeat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Patterns {
    /// Weights in one pattern.
    pub length: u64,
    /// Patterns in the tensor.
    pub total: u64,
    /// Distinct patterns present.
    pub distinct: u64,
    /// Distinct patterns present when a pattern and its negative count once.
    pub distinct_up_to_sign: u64,
    /// Patterns that the scheme allows at all: 2^n (binary, zero-one), 3^n (ternary), 2·2^n − 1
    /// (signed-binary: the all-zero pattern belongs to both regions). Absent above 2^127.
    pub possible: Option<u128>,
    /// min(total, possible): no tensor can hold more.
    pub bound: u64,
    /// total / distinct: how often a pattern repeats on average.
    pub repetition: f64,
    /// Shannon entropy of the patterns, in bits a pattern.
    pub entropy_bits: f64,
}

/// Distinct patterns of `length` weights under a scheme, if that fits 128 bits.
#[must_use]
pub fn possible_patterns(scheme: Scheme, length: u32) -> Option<u128> {
    let patterns = u128::from(scheme.values_in_region()).checked_pow(length)?;
    // Of either sign; the pattern of zeros is the same in both.
    if scheme.has_region_signs() { patterns.checked_mul(2)?.checked_sub(1) } else { Some(patterns) }
}

/// Measures a tensor, with tiles of [`TILE`] weights.
#[must_use]
pub fn weight_stats(tensor: &QuantizedTensor) -> WeightStats {
    weight_stats_of_tiles(tensor, TILE)
}

/// Measures a tensor, with tiles of `tile` weights (at least 1).
#[must_use]
pub fn weight_stats_of_tiles(tensor: &QuantizedTensor, tile: usize) -> WeightStats {
    let tile = tile.max(1);
    let shape = tensor.shape();
    let filters: Vec<&[i8]> = (0..shape.filters).map(|k| tensor.filter(k)).collect();
    let densities: Vec<f64> = filters
        .iter()
        .map(|filter| {
            filter.iter().filter(|code| **code != 0).count() as f64 / filter.len().max(1) as f64
        })
        .collect();
    let mut values = [0_u64; 3];
    for code in tensor.codes() {
        values[(code + 1) as usize] += 1;
    }
    let slice = (shape.kernel_height * shape.kernel_width).max(1);
    let rows = Patterns::of(tensor.scheme(), shape.filter_len(), filters.iter().copied());
    WeightStats {
        total: shape.len() as u64,
        effectual: tensor.effectual(),
        density: tensor.density(),
        filter_density: Spread::of(&densities),
        entropy_bits_per_weight: entropy(values),
        kernels: Patterns::of(tensor.scheme(), slice, tensor.codes().chunks(slice)),
        tiles: Patterns::of(
            tensor.scheme(),
            tile.min(shape.filter_len()),
            filters.iter().flat_map(|filter| filter.chunks(tile)),
        ),
        duplicate_filters: rows.total - rows.distinct,
        duplicate_filters_up_to_sign: rows.total - rows.distinct_up_to_sign,
        zero_filters: densities.iter().filter(|density| **density == 0.0).count() as u64,
    }
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        Self {
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            mean,
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            std_dev: variance.sqrt(),
        }
    }
}

impl Patterns {
    fn of<'a>(scheme: Scheme, length: usize, patterns: impl Iterator<Item = &'a [i8]>) -> Self {
        let mut seen: BTreeMap<&[i8], u64> = BTreeMap::new();
        let mut total = 0;
        for pattern in patterns {
            total += 1;
            *seen.entry(pattern).or_default() += 1;
        }
        // A pattern whose negative is also present is counted at the one that leads with +1.
        let mirrored = seen
            .keys()
            .filter(|pattern| {
                let leads_negative = pattern.iter().find(|code| **code != 0) == Some(&-1);
                let negative: Vec<i8> = pattern.iter().map(|code| -code).collect();
                leads_negative && seen.contains_key(negative.as_slice())
            })
            .count() as u64;
        let distinct = seen.len() as u64;
        let possible = possible_patterns(scheme, length as u32);
        Self {
            length: length as u64,
            total,
            distinct,
            distinct_up_to_sign: distinct - mirrored,
            possible,
            bound: possible.map_or(total, |possible| {
                u64::try_from(possible).map_or(total, |possible| possible.min(total))
            }),
            repetition: total as f64 / distinct.max(1) as f64,
            entropy_bits: entropy(seen.values().copied()),
        }
    }
}

fn entropy(counts: impl IntoIterator<Item = u64>) -> f64 {
    let counts: Vec<u64> = counts.into_iter().filter(|count| *count > 0).collect();
    let total = counts.iter().sum::<u64>() as f64;
    let bits: f64 = counts
        .iter()
        .map(|count| {
            let share = *count as f64 / total;
            -share * share.log2()
        })
        .sum();
    // −1·log2(1) is −0.0, which would print as "-0".
    bits.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quant::WeightShape;

    fn tensor(scheme: Scheme, filters: usize, codes: &[i8]) -> QuantizedTensor {
        let shape = WeightShape {
            filters,
            channels: codes.len() / filters,
            kernel_height: 1,
            kernel_width: 1,
        };
        QuantizedTensor::new(scheme, shape, codes.to_vec(), vec![1.0; filters]).unwrap()
    }

    #[test]
    fn bounds_of_the_published_table() {
        // Review thread, toy example of 3×3 kernels: 3^9, 2^9 and 2·2^9; the true signed-binary
        // figure is one less, as both regions share the all-zero kernel.
        assert_eq!(possible_patterns(Scheme::Ternary, 9), Some(19_683));
        assert_eq!(possible_patterns(Scheme::Binary, 9), Some(512));
        assert_eq!(possible_patterns(Scheme::SignedBinary, 9), Some(1_023));
        assert_eq!(possible_patterns(Scheme::Ternary, 100), None);
    }

    #[test]
    fn duplicates_are_counted_with_and_without_sign() {
        let codes = [1, 0, -1, 1, 0, -1, -1, 0, 1, 0, 0, 0];
        let stats = weight_stats(&tensor(Scheme::Ternary, 4, &codes));
        assert_eq!(stats.duplicate_filters, 1);
        assert_eq!(stats.duplicate_filters_up_to_sign, 2);
        assert_eq!(stats.zero_filters, 1);
        assert_eq!((stats.total, stats.effectual), (12, 6));
        // Three values with shares 3/12, 6/12, 3/12: 2·(1/4)·2 + (1/2)·1 = 1.5 bits.
        assert!((stats.entropy_bits_per_weight - 1.5).abs() < 1e-12);
    }

    #[test]
    fn one_value_has_no_entropy() {
        let stats = weight_stats(&tensor(Scheme::Binary, 2, &[1; 8]));
        assert_eq!(stats.entropy_bits_per_weight.to_bits(), 0.0_f64.to_bits());
        assert_eq!(stats.tiles.distinct, 1);
        assert!((stats.tiles.repetition - 2.0).abs() < 1e-12);
    }

    /// 1,1,0 | 0,1,1 | 1,1,0 | 0,1,1: two distinct tiles of 3 in both filters. Of 2: 11, 00, 11
    /// and 11, 00, 11, two distinct of six. Three {0, 1} weights have 2³ patterns, two have 2².
    #[test]
    fn tiles_of_any_length() {
        let tensor = tensor(Scheme::ZeroOne, 2, &[1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1]);
        let threes = weight_stats_of_tiles(&tensor, 3).tiles;
        assert_eq!((threes.total, threes.distinct, threes.possible), (4, 2, Some(8)));
        let twos = weight_stats_of_tiles(&tensor, 2).tiles;
        assert_eq!((twos.total, twos.distinct, twos.bound), (6, 2, 4));
    }
}
