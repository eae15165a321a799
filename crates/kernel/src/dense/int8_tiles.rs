//! The register tiles of [`super::DenseInt8`], one an instruction set.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "vector loads and stores take pointers")
)]

use crate::Isa;

/// Pixels of a tile.
pub const PIXELS: usize = 6;

/// Inputs and weights of a tile.
pub struct Tile<'a> {
    /// All activations.
    pub input: &'a [u8],
    /// First value of every pixel.
    pub pixels: [usize; PIXELS],
    /// Distances of the taps.
    pub taps: &'a [usize],
    /// Fours of channels.
    pub quads: usize,
    /// Tap, four, filter, channel of the four.
    pub weights: &'a [i8],
    /// One a filter.
    pub scales: &'a [f32],
}

/// What computes a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Plain Rust.
    Portable,
    /// `vpmaddubsw`.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// `vpdpbusd`.
    #[cfg(target_arch = "x86_64")]
    Vnni,
}

impl Kind {
    /// The fastest under an instruction set.
    pub fn of(isa: Isa) -> Self {
        #[cfg(target_arch = "x86_64")]
        match isa {
            Isa::Avx512 if is_x86_feature_detected!("avx512vnni") => return Self::Vnni,
            Isa::Avx512 | Isa::Avx2 if is_x86_feature_detected!("avx2") => return Self::Avx2,
            _ => {}
        }
        let _ = isa;
        Self::Portable
    }

    /// Filters of a tile.
    pub fn filters(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => 64,
            _ => 16,
        }
    }

    /// Computes a tile: `values` holds the filters of every pixel.
    pub fn run(self, tile: &Tile<'_>, values: &mut [u8; PIXELS * 64]) {
        let reach = tile.pixels.iter().max().unwrap_or(&0) + tile.taps.iter().max().unwrap_or(&0);
        assert!(reach + tile.quads * 4 <= tile.input.len());
        assert_eq!(tile.weights.len(), tile.taps.len() * tile.quads * self.filters() * 4);
        assert_eq!(tile.scales.len(), self.filters());
        match self {
            Self::Portable => portable(tile, values),
            // SAFETY: the features were found by `of`; the lengths that the function needs are
            // asserted above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { x86::avx2(tile, values) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => unsafe { x86::vnni(tile, values) },
        }
    }
}

fn portable(tile: &Tile<'_>, values: &mut [u8; PIXELS * 64]) {
    let filters = tile.scales.len();
    for (pixel, values) in tile.pixels.iter().zip(values.chunks_exact_mut(filters)) {
        let mut sums = [0_i32; 64];
        let mut weights = tile.weights.chunks_exact(4);
        for tap in tile.taps {
            let from = pixel + tap;
            for four in tile.input[from..from + tile.quads * 4].chunks_exact(4) {
                for (sum, weights) in sums[..filters].iter_mut().zip(&mut weights) {
                    let products = four.iter().zip(weights);
                    *sum += products.map(|(a, w)| i32::from(*a) * i32::from(*w)).sum::<i32>();
                }
            }
        }
        requantise_portable(&sums[..filters], tile.scales, values);
    }
}

/// Scales sums, rounds half to even and clamps to 0..=255; sums, scales and values are as many,
/// in whole sixteens.
pub fn requantise(sums: &[i32], scales: &[f32], values: &mut [u8]) {
    assert!(sums.len() == scales.len() && sums.len() == values.len());
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && sums.len().is_multiple_of(16) {
        for at in (0..sums.len()).step_by(16) {
            // SAFETY: the feature was found; the three have 16 elements from `at` on.
            unsafe {
                x86::requantise(
                    x86::sums(sums.as_ptr().add(at)),
                    scales.as_ptr().add(at),
                    values.as_mut_ptr().add(at),
                );
            }
        }
        return;
    }
    requantise_portable(sums, scales, values);
}

fn requantise_portable(sums: &[i32], scales: &[f32], values: &mut [u8]) {
    for ((sum, scale), value) in sums.iter().zip(scales).zip(values) {
        *value = (*sum as f32 * scale).max(0.0).round_ties_even().min(255.0) as u8;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{PIXELS, Tile};

    /// Four activations of a pixel as one 32-bit number.
    ///
    /// # Safety
    /// `from + 4` is within the input.
    unsafe fn four(input: &[u8], from: usize) -> i32 {
        // SAFETY: by the caller.
        unsafe { input.as_ptr().add(from).cast::<i32>().read_unaligned() }
    }

    /// # Safety
    /// Every pixel, tap and four lies in the input; there are 64 scales and 256 weights for every
    /// tap and four; the processor has AVX-512 F and VNNI.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub unsafe fn vnni(tile: &Tile<'_>, values: &mut [u8; PIXELS * 64]) {
        let mut sums = [[_mm512_setzero_si512(); 4]; PIXELS];
        let mut weights = tile.weights.as_ptr();
        for tap in tile.taps {
            for quad in 0..tile.quads {
                // SAFETY: the weights are as many as this loop reads.
                let own: [__m512i; 4] = std::array::from_fn(|v| unsafe {
                    _mm512_loadu_si512(weights.add(v * 64).cast())
                });
                // SAFETY: at most one past the last weight.
                weights = unsafe { weights.add(256) };
                for (sums, pixel) in sums.iter_mut().zip(tile.pixels) {
                    // SAFETY: by the caller.
                    let four = unsafe { four(tile.input, pixel + tap + quad * 4) };
                    let four = _mm512_set1_epi32(four);
                    for (sum, own) in sums.iter_mut().zip(own) {
                        *sum = _mm512_dpbusd_epi32(*sum, four, own);
                    }
                }
            }
        }
        for (pixel, sums) in sums.into_iter().enumerate() {
            for (vector, sum) in sums.into_iter().enumerate() {
                // SAFETY: 16 scales of 64, and 16 values of the tile's 64 a pixel.
                unsafe {
                    let scales = tile.scales.as_ptr().add(vector * 16);
                    requantise(sum, scales, values.as_mut_ptr().add(pixel * 64 + vector * 16));
                }
            }
        }
    }

    /// Sixteen sums of memory.
    ///
    /// # Safety
    /// They can be read; the processor has AVX-512 F.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub unsafe fn sums(from: *const i32) -> __m512i {
        // SAFETY: by the caller.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    /// Sixteen sums scaled, rounded half to even, clamped and written.
    ///
    /// # Safety
    /// 16 scales can be read and 16 values written; the processor has AVX-512 F.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub unsafe fn requantise(sums: __m512i, scales: *const f32, to: *mut u8) {
        // SAFETY: by the caller.
        unsafe {
            let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_loadu_ps(scales));
            let positive = _mm512_max_ps(scaled, _mm512_setzero_ps());
            let bytes = _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(positive));
            _mm_storeu_si128(to.cast(), bytes);
        }
    }

    /// Pixels whose sums are in registers at a time.
    const NARROW: usize = 3;

    /// # Safety
    /// Every pixel, tap and four lies in the input; there are 16 scales and 64 weights for every
    /// tap and four; the processor has AVX2.
    #[target_feature(enable = "avx2")]
    pub unsafe fn avx2(tile: &Tile<'_>, values: &mut [u8; PIXELS * 64]) {
        let ones = _mm256_set1_epi16(1);
        for (part, pixels) in tile.pixels.as_chunks::<NARROW>().0.iter().enumerate() {
            let mut sums = [[_mm256_setzero_si256(); 2]; NARROW];
            let mut weights = tile.weights.as_ptr();
            for tap in tile.taps {
                for quad in 0..tile.quads {
                    // SAFETY: the weights are as many as this loop reads.
                    let own: [__m256i; 2] = std::array::from_fn(|v| unsafe {
                        _mm256_loadu_si256(weights.add(v * 32).cast())
                    });
                    // SAFETY: at most one past the last weight.
                    weights = unsafe { weights.add(64) };
                    for (sums, pixel) in sums.iter_mut().zip(pixels) {
                        // SAFETY: by the caller.
                        let four = unsafe { four(tile.input, pixel + tap + quad * 4) };
                        let four = _mm256_set1_epi32(four);
                        for (sum, own) in sums.iter_mut().zip(own) {
                            let pairs = _mm256_maddubs_epi16(four, own);
                            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                        }
                    }
                }
            }
            for (pixel, [low, high]) in sums.into_iter().enumerate() {
                // SAFETY: 16 scales, and 16 values a pixel.
                unsafe {
                    let scaled = |sum, at| {
                        let scale = _mm256_loadu_ps(tile.scales.as_ptr().add(at));
                        let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale);
                        let positive = _mm256_max_ps(scaled, _mm256_setzero_ps());
                        _mm256_cvtps_epi32(_mm256_min_ps(positive, _mm256_set1_ps(255.0)))
                    };
                    // The halves are packed apart: 0..4, 8..12 | 4..8, 12..16.
                    let words = _mm256_packus_epi32(scaled(low, 0), scaled(high, 8));
                    let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
                    let bytes = _mm256_packus_epi16(words, words);
                    let bytes = _mm256_permute4x64_epi64::<0b11_01_10_00>(bytes);
                    let to = values.as_mut_ptr().add((part * NARROW + pixel) * 16);
                    _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(bytes));
                }
            }
        }
    }
}
