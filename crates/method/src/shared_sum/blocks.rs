//! Row blocks: columns with the same pattern in a block of rows are summed once.
//!
//! For a block of k rows, column j is one of the patterns p ∈ {−1,0,1}^k; up to sign there are at
//! most (3^k − 1)/2 (binary 2^(k−1), one sign 2^k − 1). The sum of the columns of a pattern is a
//! *group*; each row is then a sum of groups ([`super::halving`]). This is RSR (arXiv:2411.06360)
//! with the sign folded; sharing between the groups of different blocks comes on top.

use std::collections::BTreeMap;

use super::super::{Term, sums::Dag};
use super::columns::Columns;
use signloop_network::quant::CodeMatrix;

/// Rows that are grouped together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Rows of the matrix.
    pub rows: Vec<usize>,
    /// Distinct patterns, first non-zero positive; group `first + n` is that of pattern n.
    pub patterns: Vec<Vec<i8>>,
    /// Target of the first pattern.
    pub first: u32,
}

/// The group sums of all blocks.
#[derive(Debug, Clone)]
pub struct Groups {
    /// The blocks.
    pub blocks: Vec<Block>,
    /// One target a group.
    pub sums: Dag,
}

/// Groups the columns of `matrix` by blocks of `size` rows taken in `order`.
pub fn group(matrix: CodeMatrix<'_>, columns: &Columns, order: &[usize], size: usize) -> Groups {
    group_blocks(matrix, columns, order.chunks(size))
}

/// Groups the columns of `matrix` by blocks of rows.
pub fn group_blocks<'a>(
    matrix: CodeMatrix<'_>,
    columns: &Columns,
    rows: impl Iterator<Item = &'a [usize]>,
) -> Groups {
    let mut targets: Vec<Vec<Term>> = Vec::new();
    let mut blocks = Vec::new();
    for rows in rows {
        let mut known: BTreeMap<Vec<i8>, u32> = BTreeMap::new();
        let mut patterns = Vec::new();
        let first = targets.len() as u32;
        let mut pattern = Vec::with_capacity(rows.len());
        for column in 0..matrix.columns {
            pattern.clear();
            pattern.extend(rows.iter().map(|row| matrix.row(*row)[column]));
            let Some(lead) = pattern.iter().copied().find(|code| *code != 0) else { continue };
            pattern.iter_mut().for_each(|code| *code *= lead);
            let target = match known.get(&pattern) {
                Some(target) => *target,
                None => {
                    let target = targets.len() as u32;
                    known.insert(pattern.clone(), target);
                    patterns.push(pattern.clone());
                    targets.push(Vec::new());
                    target
                }
            };
            targets[target as usize].push(columns.term(column, lead < 0));
        }
        blocks.push(Block { rows: rows.to_vec(), patterns, first });
    }
    Groups { blocks, sums: Dag::flat(columns.inputs, targets) }
}

/// Rows that need a sum of their own: neither zero nor ± an earlier row. For each row, the
/// earlier row and sign that it equals.
pub fn distinct_rows(matrix: CodeMatrix<'_>) -> (Vec<usize>, Vec<Option<(usize, bool)>>) {
    let mut known: BTreeMap<Vec<i8>, usize> = BTreeMap::new();
    let mut own = Vec::new();
    let mut equal = Vec::with_capacity(matrix.rows);
    for (row, codes) in matrix.iter_rows().enumerate() {
        let Some(lead) = codes.iter().copied().find(|code| *code != 0) else {
            equal.push(None);
            continue;
        };
        let canonical: Vec<i8> = codes.iter().map(|code| code * lead).collect();
        let first = *known.entry(canonical).or_insert(row);
        if first == row {
            own.push(row);
        }
        let negative = matrix.row(first).iter().find(|code| **code != 0) != Some(&lead);
        equal.push(Some((first, negative)));
    }
    (own, equal)
}
