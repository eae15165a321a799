//! Which candidates are worth their time.

use super::{Candidate, Columns};
use crate::SEARCH_ITERATIONS_PER_SECOND;
use signloop_network::quant::CodeMatrix;

/// Layers of at most this many weights have all candidates tried: it takes milliseconds.
const SMALL: usize = 12_000;
/// Layers of more weights than this have one candidate tried, unless they are searched for long.
const LARGE: usize = 500_000;

/// Candidates for a matrix, given how long it may be searched.
///
/// Measured on i.i.d. weights of 64 to 512 filters, the best number of rows of a block is about
/// ¾·log2(K) + a, with a = 1.6 for binary and, with zeros, 0.2 at an entropy of 0.93 bits a weight
/// (one sign, density 0.35) and −1.6 at 1.5 bits (ternary, density 0.5). Without shifts, pairs of
/// whole rows do better than blocks where there are zeros, but their time grows with the weights
/// to the power 3/2.
pub fn choice(matrix: CodeMatrix<'_>, columns: &Columns, iterations: u64) -> Vec<Candidate> {
    let seconds = iterations as f64 / SEARCH_ITERATIONS_PER_SECOND;
    let small = matrix.codes.len() <= SMALL;
    let shifts = columns.extent != (1, 1);
    let zeros = matrix.codes.contains(&0);
    let offset = if zeros { 0.2 - 3.16 * (entropy(matrix) - 0.93) } else { 1.6 };
    let filters = matrix.rows.max(2) as f64;
    let likely = (0.75 * filters.log2() + offset).round().clamp(2.0, 9.0) as usize;
    let longer = small || seconds >= 1.0;
    // Full tables of patterns cost little, and less so the more rows share them.
    let alone = zeros || shifts || (matrix.codes.len() > LARGE && !longer);
    let around = match (small, alone) {
        (true, _) => 3..=9,
        (false, true) if longer => likely.max(3) - 1..=likely + 1,
        (false, true) => likely..=likely,
        (false, false) => likely..=likely + 2,
    };
    let mut all: Vec<Candidate> =
        around.clone().map(|rows| Candidate::Blocks { rows: rows.min(10), lift: 0.0 }).collect();
    if longer {
        all.extend(around.map(|rows| Candidate::Blocks { rows: rows.min(10), lift: 1.0 }));
    }
    let direct_seconds = 0.1 * (matrix.codes.len() as f64 / 36_864.0).powf(1.5);
    if (zeros || small) && direct_seconds <= 0.2 + seconds {
        all.push(Candidate::Direct { lift: 1.0 });
        if longer {
            all.push(Candidate::Direct { lift: 0.0 });
        }
    }
    if small {
        all.push(Candidate::Transposed { lift: 1.0 });
    }
    all
}

/// Shannon entropy of one code given its row, in bits: a row of one sign has no signs to tell.
fn entropy(matrix: CodeMatrix<'_>) -> f64 {
    let bits: f64 = matrix.iter_rows().map(row_entropy).sum();
    bits / matrix.codes.len().max(1) as f64
}

/// Entropy of all codes of a row together.
fn row_entropy(codes: &[i8]) -> f64 {
    let mut counts = [0_u64; 3];
    for code in codes {
        counts[(code + 1) as usize] += 1;
    }
    let total = codes.len() as f64;
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| -(count as f64) * (count as f64 / total).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_by_hand() {
        // One row of two values alike often, one of a single value.
        let matrix = CodeMatrix { rows: 2, columns: 4, codes: &[0, 1, 1, 0, -1, -1, -1, -1] };
        assert!((entropy(matrix) - 0.5).abs() < 1e-12);
    }
}
