//! Rows of a tile after equal columns are factored out.
//!
//! For T rows, columns with equal codes up to sign are summed once. What is left, U groups of T
//! codes, is the transpose of U sums of T inputs: a tile. Read backwards, the tile's sums take
//! U + E − T adds where forwards they take E, so with N' columns that are not zero a block takes
//! (N' − U) + (U + E − T) = N' + E − T.

use std::collections::BTreeMap;

use super::{
    extract::extract,
    saturate::{Graph, graph},
};
use crate::{OpProgram, Output, Term, subset_table::Pattern};
use signloop_network::quant::CodeMatrix;

/// One block of rows: columns by pattern, and the sums that make the patterns.
pub(super) struct Block<'a> {
    graph: &'a Graph,
    rows: usize,
    /// Rows whose codes were negated to make them plain.
    turned: Vec<bool>,
    groups: BTreeMap<Pattern, Vec<Term>>,
    sums: Vec<(u32, Option<usize>)>,
}

impl Block<'_> {
    /// The block of `rows` rows from `first`. Rows of one sign are taken as {0, +1}.
    pub(super) fn new(matrix: CodeMatrix<'_>, first: usize, rows: usize) -> Self {
        let rows: Vec<&[i8]> =
            (first..matrix.rows.min(first + rows)).map(|row| matrix.row(row)).collect();
        let turned: Vec<bool> =
            rows.iter().map(|row| row.contains(&-1) && !row.contains(&1)).collect();
        let signed = rows.iter().any(|row| row.contains(&1) && row.contains(&-1));
        let mut groups: BTreeMap<Pattern, Vec<Term>> = BTreeMap::new();
        let mut codes = vec![0; rows.len()];
        for column in 0..matrix.columns {
            for ((code, row), turned) in codes.iter_mut().zip(&rows).zip(&turned) {
                *code = if *turned { -row[column] } else { row[column] };
            }
            let (pattern, negative) = Pattern::of(&codes).canonical();
            if pattern.support() != 0 {
                groups.entry(pattern).or_default().push(Term::new(column as u32, negative));
            }
        }
        let graph = graph(rows.len() as u32, signed);
        let roots: Vec<u32> = groups.keys().map(|pattern| graph.index[pattern]).collect();
        Block { graph, rows: rows.len(), turned, groups, sums: extract(graph, &roots) }
    }

    /// N' + E − T', with T' the rows that are not all zero.
    pub(super) fn adds(&self) -> u64 {
        let columns: usize = self.groups.values().map(Vec::len).sum();
        let sums = self.sums.iter().filter(|(_, split)| split.is_some()).count();
        let support = self.groups.keys().fold(0_u16, |all, pattern| all | pattern.support());
        (columns + sums) as u64 - u64::from(support.count_ones())
    }

    /// Appends group sums, the tile read backwards, and the outputs.
    pub(super) fn emit(&self, program: &mut OpProgram) {
        // What every class has to add up: its own group, then those that read it.
        let mut terms: BTreeMap<u32, Vec<Term>> = BTreeMap::new();
        for (pattern, columns) in &self.groups {
            let term = sum(program, columns);
            terms.entry(self.graph.index[pattern]).or_default().extend(term);
        }
        let mut rows: Vec<Option<Term>> = vec![None; self.rows];
        for (class, split) in self.sums.iter().rev() {
            let Some(value) = sum(program, &terms.remove(class).unwrap_or_default()) else {
                continue;
            };
            let own = &self.graph.classes[*class as usize];
            match split {
                None => rows[own.pattern.support().trailing_zeros() as usize] = Some(value),
                Some(split) => {
                    for (part, negative) in own.splits[*split] {
                        let negative = value.negative != negative;
                        terms.entry(part).or_default().push(Term { negative, ..value });
                    }
                }
            }
        }
        for (row, turned) in rows.into_iter().zip(&self.turned) {
            let turn = |term: Term| (Term { negative: term.negative != *turned, ..term }, 1);
            program.push_output(Output { terms: row.map(turn).into_iter().collect() });
        }
    }
}

fn sum(program: &mut OpProgram, terms: &[Term]) -> Option<Term> {
    match terms {
        [] => None,
        [term] => Some(*term),
        _ => Some(Term::new(program.push_node(terms.iter().copied()), false)),
    }
}
