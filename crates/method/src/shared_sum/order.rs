//! Rows in an order in which neighbours are alike, so that blocks of them have few patterns.
//!
//! Trained filters resemble each other, up to sign; random ones do not, and then any order is as
//! good.

use signloop_network::quant::CodeMatrix;

/// `rows` in blocks of `size`: each block begins with the first row left and takes the rows that
/// agree with its own the most, Σ |⟨row, member⟩| over its members; earlier rows among equals.
pub fn by_similarity(matrix: CodeMatrix<'_>, rows: &[usize], size: usize) -> Vec<usize> {
    let mut left = rows.to_vec();
    let mut order = Vec::with_capacity(rows.len());
    while !left.is_empty() {
        let mut last = left.remove(0);
        order.push(last);
        let mut likeness = vec![0_u64; left.len()];
        for _ in 1..size {
            for (likeness, row) in likeness.iter_mut().zip(&left) {
                *likeness += agreement(matrix.row(*row), matrix.row(last));
            }
            let best = (0..left.len()).reduce(|a, b| if likeness[b] > likeness[a] { b } else { a });
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
        i64::from(a.iter().zip(b).fold(0_i8, |sum, (a, b)| sum + a * b))
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
