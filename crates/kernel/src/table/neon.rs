//! Lanes of NEON.

use std::arch::aarch64::{
    float32x4_t, int16x8_t, vaddq_f32, vaddq_s16, vdupq_n_f32, vdupq_n_s16, vld1q_f32, vld1q_s16,
    vst1q_f32, vst1q_s16, vsubq_f32, vsubq_s16,
};

use super::vector::{Lanes, register};

macro_rules! lanes {
    ($name:ident, $register:ty, $zero:expr, $load:ident, $store:ident, $add:ident, $sub:ident) => {
        pub(super) struct $name;

        // SAFETY: loads and stores of one register; element alignment is not required of addresses
        // on this architecture.
        unsafe impl Lanes for $name {
            register!($register, 16, $zero, $load, $store, $add, $sub);
        }
    };
}

lanes!(NeonF32, float32x4_t, vdupq_n_f32(0.0), vld1q_f32, vst1q_f32, vaddq_f32, vsubq_f32);
lanes!(NeonI16, int16x8_t, vdupq_n_s16(0), vld1q_s16, vst1q_s16, vaddq_s16, vsubq_s16);
