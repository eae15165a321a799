//! Bytes to lanes of 16 or 32 bits.

#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the AVX2 form is called after a check, and lanes are written as bytes"
    )
)]

use rayon::prelude::*;

use super::buffer::Buffer;
use signloop_lower::Lane;

/// Writes every activation as a lane.
pub(super) fn widen(planes: &[u8], wide: &mut Buffer<u8>, lane: Lane, threads: usize) {
    let bytes = lane.bytes();
    if threads == 1 {
        return one(planes, wide, bytes);
    }
    let share = planes.len().div_ceil(threads).next_multiple_of(64);
    planes
        .par_chunks(share)
        .zip(wide.par_chunks_mut(share * bytes))
        .for_each(|(planes, wide)| one(planes, wide, bytes));
}

fn one(planes: &[u8], wide: &mut [u8], bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2(planes: &[u8], wide: &mut [u8], bytes: usize) {
            portable(planes, wide, bytes);
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { avx2(planes, wide, bytes) };
        }
    }
    portable(planes, wide, bytes);
}

#[inline(always)]
fn portable(planes: &[u8], wide: &mut [u8], bytes: usize) {
    if bytes == 2 {
        for (value, lane) in planes.iter().zip(wide.as_chunks_mut::<2>().0) {
            *lane = u16::from(*value).to_ne_bytes();
        }
    } else {
        for (value, lane) in planes.iter().zip(wide.as_chunks_mut::<4>().0) {
            *lane = u32::from(*value).to_ne_bytes();
        }
    }
}
