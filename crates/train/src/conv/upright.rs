//! AVX-512 tiles whose vectors run along the rows of C, for one vector of columns or less and
//! neighbouring rows of A: the weight gradients of a network's first stage. A tile of the other
//! kind, one vector wide, loads an operand for every multiply-add; these load 11 for 24.

use std::arch::x86_64::{
    __mmask16, _mm512_fmadd_ps, _mm512_maskz_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_storeu_ps,
};

use crate::product::Product;

const LANES: usize = 16;
/// Most columns and most vectors of rows of a tile.
const COLUMNS: usize = 8;
const VECTORS: usize = 3;

/// C of P columns × V vectors of rows, of which the last may be partly used (`rows`).
///
/// # Safety
/// The processor has AVX-512; the product's bounds hold from `a`, `b` and `c` on for `rows`
/// rows, at least one of them in the last vector, and P columns.
#[target_feature(enable = "avx512f")]
unsafe fn tile<const V: usize, const P: usize>(
    job: &Product<'_>,
    rows: usize,
    (a, b, c): (*const f32, *const f32, *mut f32),
) {
    let last: __mmask16 = u16::MAX >> (V * LANES - rows);
    let mask = |v: usize| if v + 1 == V { last } else { u16::MAX };
    let mut sums = [[_mm512_setzero_ps(); V]; P];
    let mut turned = [[0.0_f32; VECTORS * LANES]; P];
    // SAFETY: `Product::run` has checked every address formed here; masked-off lanes are
    // not read.
    unsafe {
        if job.accumulate {
            for i in 0..rows {
                for (j, column) in turned.iter_mut().enumerate() {
                    column[i] = *c.add(i * job.c_row + j);
                }
            }
            for (sum, column) in sums.iter_mut().zip(&turned) {
                for (v, sum) in sum.iter_mut().enumerate() {
                    *sum = _mm512_maskz_loadu_ps(u16::MAX, column.as_ptr().add(v * LANES));
                }
            }
        }
        for o in 0..job.outer {
            let mut a = a.add(o * job.a_outer);
            let mut b = b.add(o * job.b_outer);
            for _ in 0..job.inner {
                let mut x = [_mm512_setzero_ps(); V];
                for (v, x) in x.iter_mut().enumerate() {
                    *x = _mm512_maskz_loadu_ps(mask(v), a.add(v * LANES));
                }
                for (j, sum) in sums.iter_mut().enumerate() {
                    let weight = _mm512_set1_ps(*b.add(j));
                    for (sum, x) in sum.iter_mut().zip(x) {
                        *sum = _mm512_fmadd_ps(x, weight, *sum);
                    }
                }
                // Wrapping: after the last step the pointers leave the slices.
                a = a.wrapping_add(job.a_inner);
                b = b.wrapping_add(job.b_inner);
            }
        }
        for (sum, column) in sums.iter().zip(&mut turned) {
            for (v, sum) in sum.iter().enumerate() {
                _mm512_storeu_ps(column.as_mut_ptr().add(v * LANES), *sum);
            }
        }
        for i in 0..rows {
            for (j, column) in turned.iter().enumerate() {
                *c.add(i * job.c_row + j) = column[i];
            }
        }
    }
}

/// Cuts C into tiles of at most 48 rows × 8 columns.
///
/// # Safety
/// As for `tile`, for all rows and columns.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn run(job: &mut Product<'_>) {
    let c = job.c.as_mut_ptr();
    for row in (0..job.rows).step_by(VECTORS * LANES) {
        let rows = (job.rows - row).min(VECTORS * LANES);
        for column in (0..job.columns).step_by(COLUMNS) {
            let columns = (job.columns - column).min(COLUMNS);
            // SAFETY: `row + rows <= job.rows` and the same for columns, so the bounds that
            // are checked for all of them hold.
            unsafe {
                let (a, b) = (job.a.as_ptr().add(row), job.b.as_ptr().add(column));
                let from = (a, b, c.add(row * job.c_row + column));
                macro_rules! tiles {
                    ($($columns:literal)*) => {
                        match (rows.div_ceil(LANES), columns) {
                            $((1, $columns) => tile::<1, $columns>(job, rows, from),)*
                            $((2, $columns) => tile::<2, $columns>(job, rows, from),)*
                            $((3, $columns) => tile::<3, $columns>(job, rows, from),)*
                            _ => unreachable!("a tile is at most 48 rows and 8 columns"),
                        }
                    };
                }
                tiles!(1 2 3 4 5 6 7 8);
            }
        }
    }
}
