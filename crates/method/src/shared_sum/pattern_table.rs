//! Columns alike in blocks of many filters, and the filters as plain sums of those: the program of
//! the table-driven kernel.
//!
//! It is `row-pattern` (RSR, arXiv:2411.06360) with blocks as large as a compiled loop over all
//! patterns allows. Each column is loaded and added once a block, so what counts is filters a
//! load: a kernel that is driven by a table cannot add one load to sums of several small blocks,
//! as generated code does.

use std::collections::BTreeMap;

use super::blocks::distinct_rows;
use crate::{InputSpace, OpProgram, Output, Term};
use signloop_network::quant::CodeMatrix;

/// What the columns of a block look like, which sets how many filters its patterns can cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatternKind {
    /// Every filter has one sign beside zeros: 2^8 − 1 patterns of 8 filters.
    OneSign,
    /// No zeros: 2^7 patterns of 8 filters up to sign.
    Full,
    /// Both signs and zeros: (3^5 − 1)/2 patterns of 5 filters up to sign.
    Mixed,
}

impl PatternKind {
    /// Filters of a block.
    #[must_use]
    pub const fn rows(self) -> usize {
        match self {
            Self::OneSign | Self::Full => 8,
            Self::Mixed => 5,
        }
    }

    /// The kind of a matrix.
    #[must_use]
    pub fn of(matrix: CodeMatrix<'_>) -> Self {
        let mixed = |row: &[i8]| row.contains(&1) && row.contains(&-1);
        if !matrix.iter_rows().any(mixed) {
            Self::OneSign
        } else if matrix.iter_rows().all(|row| !row.contains(&0)) {
            Self::Full
        } else {
            Self::Mixed
        }
    }
}

/// The program of one group.
#[must_use]
pub fn pattern_table_program(matrix: CodeMatrix<'_>) -> OpProgram {
    let (own, equal) = distinct_rows(matrix);
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    let mut terms: Vec<Vec<(Term, i8)>> = vec![Vec::new(); matrix.rows];
    for block in own.chunks(PatternKind::of(matrix).rows()) {
        let mut sums: BTreeMap<Vec<i8>, Vec<Term>> = BTreeMap::new();
        for column in 0..matrix.columns {
            let mut pattern: Vec<i8> = block.iter().map(|row| matrix.row(*row)[column]).collect();
            let Some(lead) = pattern.iter().copied().find(|code| *code != 0) else { continue };
            pattern.iter_mut().for_each(|code| *code *= lead);
            sums.entry(pattern).or_default().push(Term::new(column as u32, lead < 0));
        }
        for (pattern, columns) in sums {
            let node = program.push_node(columns);
            for (row, code) in block.iter().zip(pattern).filter(|(_, code)| *code != 0) {
                terms[*row].push((Term::new(node, code < 0), 1));
            }
        }
    }
    for equal in equal {
        let terms = equal.map_or_else(Vec::new, |(row, negative)| {
            let flip = |(term, factor): &(Term, i8)| {
                (Term { negative: term.negative != negative, ..*term }, *factor)
            };
            terms[row].iter().map(flip).collect()
        });
        program.push_output(Output { terms });
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;
    use signloop_network::quant::{Randomness, Scheme, WeightShape, synthesise};

    #[test]
    fn programs_compute_the_products() {
        let shape = WeightShape { filters: 21, channels: 7, kernel_height: 3, kernel_width: 2 };
        for (scheme, kind) in [
            (Scheme::SignedBinary, PatternKind::OneSign),
            (Scheme::ZeroOne, PatternKind::OneSign),
            (Scheme::Binary, PatternKind::Full),
            (Scheme::Ternary, PatternKind::Mixed),
        ] {
            let random = Randomness { density: 0.4, spread: 0.0, seed: 9 };
            let weights = synthesise(scheme, shape, random).unwrap();
            let matrix = weights.group(0, 1);
            assert_eq!(PatternKind::of(matrix), kind, "{scheme}");
            let patch: Vec<i64> = (0..42).map(|n| n * n * 7 % 1009 - 300).collect();
            let program = pattern_table_program(matrix);
            assert_eq!(program.evaluate(&patch).unwrap(), matrix.multiply(&patch), "{scheme}");
        }
    }
}
