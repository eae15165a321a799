//! The one product that every convolution pass is made of, on AVX-512, AVX2 or `gemm`.
//!
//! `C[i][n] (+)= Σ_o Σ_l A[o·a_outer + l·a_inner + i·a_row] · B[o·b_outer + l·b_inner + n]`
//!
//! With NHWC maps the forward pass (rows `i` are pixels, `l` runs over kernel column and
//! channel, `o` over kernel rows), the data gradient (the same on the padded output gradient)
//! and the weight gradient (`i` runs over kernel column and channel, `l` and `o` over pixels)
//! are all of this form, for any kernel size and stride, without an im2col copy.
//!
//! A tile keeps P rows × V vectors of C in registers and adds in the order of `o`, then `l`,
//! with one fused multiply-add each; the order does not depend on P or V, so AVX-512 and AVX2
//! give equal bits. `gemm` sums in an order of its own.
//!
//! This module holds all unsafe code of the trainer: [`Product::run`] checks every bound first.
#![expect(unsafe_code, reason = "vector intrinsics and raw-pointer GEMM behind one checked call")]

use super::engine::Engine;
pub(super) use super::product::Product;

impl Product<'_> {
    /// Computes the product.
    ///
    /// # Panics
    /// An operand is too short for the strides: a fault of the caller, found before any access.
    pub(super) fn run(mut self, engine: Engine) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        // One past the last float touched, with an overflow check in every step.
        let reach = |terms: [(usize, usize); 3], width: usize| {
            terms.iter().fold(width, |reach, (count, stride)| {
                (count - 1).checked_mul(*stride).and_then(|far| far.checked_add(reach)).unwrap()
            })
        };
        let rows = (self.rows, self.c_row);
        assert!(reach([rows, (1, 0), (1, 0)], self.columns) <= self.c.len(), "C is too short");
        if self.inner == 0 || self.outer == 0 {
            if !self.accumulate {
                for row in self.c.chunks_mut(self.c_row.max(1)).take(self.rows) {
                    let columns = self.columns.min(row.len());
                    row[..columns].fill(0.0);
                }
            }
            return;
        }
        let width = match engine {
            Engine::Avx512 => self.columns.next_multiple_of(16),
            Engine::Avx2 => self.columns.next_multiple_of(8),
            Engine::Portable => self.columns,
        };
        let (inner, outer) = ((self.inner, self.a_inner), (self.outer, self.a_outer));
        assert!(reach([(self.rows, self.a_row), inner, outer], 1) <= self.a.len(), "A is short");
        let (inner, outer) = ((self.inner, self.b_inner), (self.outer, self.b_outer));
        assert!(reach([inner, outer, (1, 0)], width) <= self.b.len(), "B is too short");
        match engine {
            #[cfg(target_arch = "x86_64")]
            Engine::Avx512 => {
                assert!(width <= 32 && is_x86_feature_detected!("avx512f"));
                // SAFETY: the processor has the feature, and the bounds above cover every access
                // of `width` columns of B, `columns` of C and all rows of A.
                unsafe {
                    if self.a_row == 1 && width <= 16 && self.rows >= 16 {
                        upright::run(&mut self);
                    } else {
                        avx512::run(&mut self);
                    }
                }
            }
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2 => {
                let present = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
                assert!(width <= 16 && present);
                // SAFETY: as above.
                unsafe { avx2::run(&mut self) }
            }
            _ => self.portable(),
        }
    }

    /// One matrix product for every outer step.
    fn portable(&mut self) {
        for step in 0..self.outer {
            let (a, b) = (&self.a[step * self.a_outer..], &self.b[step * self.b_outer..]);
            let add = self.accumulate || step > 0;
            // SAFETY: `run` has checked that every row, column and step lies within its slice;
            // C is a unique borrow, so it does not overlap A or B.
            unsafe {
                gemm::gemm(
                    self.rows,
                    self.columns,
                    self.inner,
                    self.c.as_mut_ptr(),
                    1,
                    self.c_row as isize,
                    add,
                    a.as_ptr(),
                    self.a_inner as isize,
                    self.a_row as isize,
                    b.as_ptr(),
                    1,
                    self.b_inner as isize,
                    1.0_f32,
                    1.0_f32,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
        }
    }
}

/// The tiles of one instruction set; they differ in the names of the intrinsics only.
#[cfg(target_arch = "x86_64")]
macro_rules! tiles {
    (
        $set:ident, $features:literal, $lanes:literal, $vector:ident,
        $load:ident, $store:ident, $splat:ident, $fma:ident, $zero:ident,
        one: [$($one:literal)*], two: [$($two:literal)*],
        one_unit: [$($one_unit:literal)*], two_unit: [$($two_unit:literal)*]
    ) => {
        mod $set {
            use std::arch::x86_64::{$fma, $load, $splat, $store, $vector, $zero};

            use super::Product;

            const LANES: usize = $lanes;

            /// C of P rows × V vectors. UNIT: A's rows are neighbours, so that their
            /// addresses are constants of the instruction.
            ///
            /// # Safety
            /// The processor has the features, and the product's bounds hold from `a` and `c` on.
            #[target_feature(enable = $features)]
            unsafe fn tile<const V: usize, const P: usize, const UNIT: bool>(
                job: &Product<'_>,
                a: *const f32,
                c: *mut f32,
            ) {
                let row = if UNIT { 1 } else { job.a_row };
                let whole = job.columns == V * LANES;
                let mut sums = [[$zero(); V]; P];
                let mut spill = [0.0_f32; 32];
                // SAFETY: `Product::run` has checked every address formed here.
                unsafe {
                    if job.accumulate {
                        for i in 0..P {
                            let mut from = c.add(i * job.c_row).cast_const();
                            if !whole {
                                spill.as_mut_ptr().copy_from_nonoverlapping(from, job.columns);
                                from = spill.as_ptr();
                            }
                            for v in 0..V {
                                sums[i][v] = $load(from.add(v * LANES));
                            }
                        }
                    }
                    for o in 0..job.outer {
                        let mut a = a.add(o * job.a_outer);
                        let mut b = job.b.as_ptr().add(o * job.b_outer);
                        for _ in 0..job.inner {
                            let mut weights = [$zero(); V];
                            for v in 0..V {
                                weights[v] = $load(b.add(v * LANES));
                            }
                            for i in 0..P {
                                let x: $vector = $splat(*a.add(i.wrapping_mul(row)));
                                for v in 0..V {
                                    sums[i][v] = $fma(x, weights[v], sums[i][v]);
                                }
                            }
                            // Wrapping: after the last step the pointers leave the slices.
                            a = a.wrapping_add(job.a_inner);
                            b = b.wrapping_add(job.b_inner);
                        }
                    }
                    for i in 0..P {
                        let to = c.add(i * job.c_row);
                        if whole {
                            for v in 0..V {
                                $store(to.add(v * LANES), sums[i][v]);
                            }
                        } else {
                            for v in 0..V {
                                $store(spill.as_mut_ptr().add(v * LANES), sums[i][v]);
                            }
                            to.copy_from_nonoverlapping(spill.as_ptr(), job.columns);
                        }
                    }
                }
            }

            /// Cuts the rows into tiles of nearly equal height.
            ///
            /// # Safety
            /// As for `tile`.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn run(job: &mut Product<'_>) {
                let unit = job.a_row == 1;
                let one = job.columns <= LANES;
                const MOST: [usize; 4] = [
                    [$($one),*].len(),
                    [$($two),*].len(),
                    [$($one_unit),*].len(),
                    [$($two_unit),*].len(),
                ];
                let most = MOST[usize::from(unit) * 2 + usize::from(!one)];
                let count = job.rows.div_ceil(most);
                let c = job.c.as_mut_ptr();
                let mut done = 0;
                for index in 0..count {
                    let height = (job.rows - done).div_ceil(count - index);
                    // SAFETY: `done + height <= rows`, so the bounds checked for all rows hold.
                    unsafe {
                        let (a, c) = (job.a.as_ptr().add(done * job.a_row), c.add(done * job.c_row));
                        match (one, unit, height) {
                            $((true, false, $one) => tile::<1, $one, false>(job, a, c),)*
                            $((false, false, $two) => tile::<2, $two, false>(job, a, c),)*
                            $((true, true, $one_unit) => tile::<1, $one_unit, true>(job, a, c),)*
                            $((false, true, $two_unit) => tile::<2, $two_unit, true>(job, a, c),)*
                            _ => unreachable!("a tile is at most {most} rows high"),
                        }
                    }
                    done += height;
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
tiles! {
    avx512, "avx512f", 16, __m512, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps,
    _mm512_fmadd_ps, _mm512_setzero_ps,
    one: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16],
    two: [1 2 3 4 5 6 7 8 9 10 11 12 13 14],
    // Higher ones are `upright`.
    one_unit: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15],
    two_unit: [1 2 3 4 5 6 7 8 9 10 11 12]
}

#[cfg(target_arch = "x86_64")]
tiles! {
    avx2, "avx2,fma", 8, __m256, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps,
    _mm256_fmadd_ps, _mm256_setzero_ps,
    one: [1 2 3 4 5 6 7 8 9 10 11 12],
    two: [1 2 3 4 5 6],
    one_unit: [1 2 3 4 5 6 7 8 9 10 11 12],
    two_unit: [1 2 3 4 5 6]
}

#[cfg(target_arch = "x86_64")]
mod upright;

#[cfg(test)]
mod tests;
