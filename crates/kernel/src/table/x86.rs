//! Lanes of AVX2 and AVX-512.

use std::arch::x86_64::{
    __m256, __m256i, __m512, __m512i, _mm256_add_epi16, _mm256_add_ps, _mm256_fmadd_ps,
    _mm256_fnmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_setzero_si256, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi16, _mm256_sub_ps,
    _mm512_add_epi16, _mm512_add_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_epi16, _mm512_sub_ps,
};

use super::vector::{Lanes, register};

/// 1.0 that the compiler does not see, or it would undo the multiplications by it.
static ONE: f32 = 1.0;

fn one() -> f32 {
    std::hint::black_box(ONE)
}

macro_rules! float {
    ($name:ident, $register:ident, $bytes:literal, $zero:ident, $load:ident, $store:ident, $add:ident, $sub:ident,
     $set:ident, $multiply_add:ident, $multiply_sub:ident) => {
        pub(super) struct $name;

        // SAFETY: unaligned loads and stores of one register.
        unsafe impl Lanes for $name {
            register!($register, $bytes, $zero(), $load, $store, $add, $sub);

            // As in generated code: adder and multiply-add unit are different pipes on Zen 4.
            #[inline(always)]
            unsafe fn ones() -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { $set(one()) }
            }
            #[inline(always)]
            unsafe fn add_other(
                a: Self::Register,
                b: Self::Register,
                ones: Self::Register,
            ) -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { $multiply_add(b, ones, a) }
            }
            #[inline(always)]
            unsafe fn sub_other(
                a: Self::Register,
                b: Self::Register,
                ones: Self::Register,
            ) -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { $multiply_sub(b, ones, a) }
            }
        }
    };
}

macro_rules! integer {
    ($name:ident, $register:ident, $bytes:literal, $zero:ident, $load:ident, $store:ident, $add:ident, $sub:ident) => {
        pub(super) struct $name;

        // SAFETY: unaligned loads and stores of one register.
        unsafe impl Lanes for $name {
            register!($register, $bytes, $zero(), $load, $store, $add, $sub);
        }
    };
}

float!(
    Avx512F32,
    __m512,
    64,
    _mm512_setzero_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_fnmadd_ps
);
float!(
    Avx2F32,
    __m256,
    32,
    _mm256_setzero_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_fnmadd_ps
);
integer!(
    Avx512I16,
    __m512i,
    64,
    _mm512_setzero_si512,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_add_epi16,
    _mm512_sub_epi16
);
integer!(
    Avx2I16,
    __m256i,
    32,
    _mm256_setzero_si256,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_add_epi16,
    _mm256_sub_epi16
);
