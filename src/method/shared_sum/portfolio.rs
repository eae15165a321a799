//! Candidate programs of one matrix, and the best of them.

use rayon::prelude::*;

use super::super::{
    OpProgram, Shift, Term,
    sums::{Dag, Scoring, extract, transpose},
};
use super::{
    blocks::{Groups, distinct_rows, group},
    columns::Columns,
    halving::rows_of,
};
use crate::quant::CodeMatrix;

/// One way to build a program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Candidate {
    /// Group columns by blocks of rows, share pairs between the groups.
    Blocks {
        /// Rows of a block.
        rows: usize,
        /// λ of the pair score.
        lift: f32,
    },
    /// Share pairs of columns between whole rows.
    Direct {
        /// λ of the pair score.
        lift: f32,
    },
    /// Share pairs of rows, and transpose (patch programs only).
    Transposed {
        /// λ of the pair score.
        lift: f32,
    },
}

/// Builds one candidate; `None` if the matrix is too large to pack, or the candidate is not for
/// these columns.
pub fn build(matrix: CodeMatrix<'_>, columns: &Columns, candidate: Candidate) -> Option<OpProgram> {
    let (own, equal) = distinct_rows(matrix);
    match candidate {
        Candidate::Blocks { rows, lift } => {
            let groups = group(matrix, columns, &own, rows);
            let shared = extract(&groups.sums, columns.packing(), Scoring { lift })?;
            Some(join(shared, &groups, columns, &equal))
        }
        Candidate::Direct { lift } => {
            let shared =
                extract(&flat(matrix, columns, &own), columns.packing(), Scoring { lift })?;
            Some(emit(shared, columns, &rows_as_targets(&own, &equal)))
        }
        // A transposed sum would have to remember where its operands were read.
        Candidate::Transposed { .. } if columns.extent != (1, 1) => None,
        Candidate::Transposed { lift } => {
            let transposed = transpose(&flat(matrix, columns, &own));
            let shared = extract(&transposed, columns.packing(), Scoring { lift })?;
            Some(emit(transpose(&shared), columns, &rows_as_targets(&own, &equal)))
        }
    }
}

/// The candidate with the fewest adds; the first among equals, whatever the thread count.
pub fn fewest(
    matrix: CodeMatrix<'_>,
    columns: &Columns,
    candidates: &[Candidate],
) -> Option<(Candidate, OpProgram)> {
    candidates
        .par_iter()
        .map(|candidate| build(matrix, columns, *candidate).map(|program| (*candidate, program)))
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .min_by_key(|(_, program)| program.adds())
}

fn flat(matrix: CodeMatrix<'_>, columns: &Columns, own: &[usize]) -> Dag {
    let terms = |row: &usize| {
        let codes = matrix.row(*row).iter().enumerate().filter(|(_, code)| **code != 0);
        codes.map(|(column, code)| columns.term(column, *code < 0)).collect()
    };
    Dag::flat(columns.inputs, own.iter().map(terms).collect())
}

/// Output terms where target n is the n-th row of `own`.
fn rows_as_targets(own: &[usize], equal: &[Option<(usize, bool)>]) -> Vec<Vec<(u32, i8)>> {
    let output = |equal: &Option<(usize, bool)>| match equal {
        None => Vec::new(),
        Some((row, negative)) => {
            let target = own.binary_search(row).unwrap_or(0) as u32;
            vec![(target, if *negative { -1 } else { 1 })]
        }
    };
    equal.iter().map(output).collect()
}

/// Puts the second stage of every block on top of the shared groups.
pub(super) fn join(
    shared: Dag,
    groups: &Groups,
    columns: &Columns,
    equal: &[Option<(usize, bool)>],
) -> OpProgram {
    let inputs = shared.inputs;
    let mut dag = Dag { inputs, nodes: shared.nodes, targets: Vec::new() };
    let first_group = inputs + dag.nodes.len() as u32;
    dag.nodes.extend(shared.targets);
    let stages: Vec<_> = groups
        .blocks
        .par_iter()
        .map(|block| rows_of(&block.patterns, block.rows.len(), true))
        .collect();
    let mut outputs: Vec<Vec<(u32, i8)>> = vec![Vec::new(); equal.len()];
    for (block, stage) in groups.blocks.iter().zip(stages) {
        let first_node = inputs + dag.nodes.len() as u32;
        let rename = |term: &Term| Term {
            source: match term.source.checked_sub(stage.sums.inputs) {
                None => first_group + block.first + term.source,
                Some(node) => first_node + node,
            },
            ..*term
        };
        let renamed = |terms: &Vec<Term>| terms.iter().map(rename).collect::<Vec<_>>();
        dag.nodes.extend(stage.sums.nodes.iter().map(renamed).collect::<Vec<_>>());
        let first_target = dag.targets.len() as u32;
        dag.targets.extend(stage.sums.targets.iter().map(renamed).collect::<Vec<_>>());
        for (row, output) in block.rows.iter().zip(&stage.outputs) {
            outputs[*row] =
                output.iter().map(|(target, factor)| (first_target + target, *factor)).collect();
        }
    }
    for (row, equal) in equal.iter().enumerate() {
        if let Some((first, negative)) = equal
            && *first != row
        {
            let sign = if *negative { -1 } else { 1 };
            outputs[row] =
                outputs[*first].iter().map(|(target, factor)| (*target, factor * sign)).collect();
        }
    }
    emit(dag, columns, &outputs)
}

/// The program, its input shifts moved to where the kernel starts.
fn emit(mut dag: Dag, columns: &Columns, outputs: &[Vec<(u32, i8)>]) -> OpProgram {
    let base = columns.base;
    if base != Shift::default() {
        for term in dag.nodes.iter_mut().chain(&mut dag.targets).flatten() {
            if term.source < dag.inputs {
                term.shift.dy += base.dy;
                term.shift.dx += base.dx;
            }
        }
    }
    dag.into_program(columns.space, outputs)
}
