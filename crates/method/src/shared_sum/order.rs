//! Rows in an order in which neighbours are alike, so that blocks of them have few patterns.
//!
//! Trained filters resemble each other, up to sign; random ones do not, and then any order is as
//! good.

use rayon::prelude::*;

use signloop_network::quant::CodeMatrix;

/// Rows among which one is chosen: all of them would take a time that grows with their square.
/// No layer of a shipped network has more.
const WINDOW: usize = 1 << 10;
/// Codes below which products are not worth spreading over threads.
const FEW_CODES: usize = 1 << 16;

/// `rows` in blocks of `size`: each block begins with the first row left and takes the rows that
/// agree with its own the most, Σ |⟨row, member⟩| over its members; earlier rows among equals.
/// Only the first [`WINDOW`] rows that are left are looked at.
pub fn by_similarity(matrix: CodeMatrix<'_>, rows: &[usize], size: usize) -> Vec<usize> {
    let mut left = rows.to_vec();
    let mut order = Vec::with_capacity(rows.len());
    while !left.is_empty() {
        let mut last = left.remove(0);
        order.push(last);
        let mut likeness = vec![0_u64; left.len().min(WINDOW)];
        let fewest = FEW_CODES.div_ceil(matrix.columns.max(1));
        for _ in 1..size {
            let pairs = likeness.par_iter_mut().zip(&left).with_min_len(fewest);
            pairs.for_each(|(likeness, row)| {
                *likeness += agreement(matrix.row(*row), matrix.row(last));
            });
            let best =
                (0..likeness.len()).reduce(|a, b| if likeness[b] > likeness[a] { b } else { a });
            let Some(best) = best else { break };
            last = left.remove(best);
            likeness.remove(best);
            order.push(last);
        }
    }
    order
}

/// |⟨a, b⟩|.
fn agreement(a: &[i8], b: &[i8]) -> u64 {
    // Runs of 127 products of ±1 fit in eight bits, which the compiler packs 16 to a register.
    let runs = a.chunks(127).zip(b.chunks(127));
    let run = |(a, b): (&[i8], &[i8])| -> i64 {
        // Wrapping, which these never do: a check at every step would keep them apart.
        let product = |(a, b): (&i8, &i8)| a.wrapping_mul(*b);
        i64::from(a.iter().zip(b).map(product).fold(0_i8, i8::wrapping_add))
    };
    runs.map(run).sum::<i64>().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_kind_come_together() {
        // Rows 0 and 3 are alike, 1 and 2 up to sign.
        let codes = [1, 1, 1, 1, 1, -1, 1, -1, -1, 1, -1, 1, 1, 1, 1, 0];
        let matrix = CodeMatrix { rows: 4, columns: 4, codes: &codes };
        assert_eq!(by_similarity(matrix, &[0, 1, 2, 3], 2), [0, 3, 1, 2]);
    }

    #[test]
    fn agreement_of_long_rows_does_not_overflow() {
        let ones = vec![1_i8; 1000];
        assert_eq!(agreement(&ones, &ones), 1000);
        assert_eq!(agreement(&ones, &vec![-1; 1000]), 1000);
    }
}
