//! Lanes of NEON.

use std::arch::aarch64::{
    float32x4_t, int16x8_t, vaddq_f32, vaddq_s16, vdupq_n_f32, vdupq_n_s16, vld1q_f32, vld1q_s16,
    vst1q_f32, vst1q_s16, vsubq_f32, vsubq_s16,
};

use super::vector::Lanes;

macro_rules! lanes {
    ($name:ident, $register:ty, $zero:expr, $load:ident, $store:ident, $add:ident, $sub:ident) => {
        pub(super) struct $name;

        // SAFETY: loads and stores of one register; element alignment is not required of addresses
        // on this architecture.
        unsafe impl Lanes for $name {
            type Register = $register;
            const BYTES: usize = 16;

            #[inline(always)]
            unsafe fn zero() -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { $zero }
            }
            #[inline(always)]
            unsafe fn load(from: *const u8) -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { $load(from.cast()) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut u8, value: Self::Register) {
                // SAFETY: as for the caller.
                unsafe { $store(to.cast(), value) }
            }
            #[inline(always)]
            unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            unsafe fn sub(a: Self::Register, b: Self::Register) -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { $sub(a, b) }
            }
        }
    };
}

lanes!(NeonF32, float32x4_t, vdupq_n_f32(0.0), vld1q_f32, vst1q_f32, vaddq_f32, vsubq_f32);
lanes!(NeonI16, int16x8_t, vdupq_n_s16(0), vld1q_s16, vst1q_s16, vaddq_s16, vsubq_s16);
