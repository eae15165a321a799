//! The method: sums of a layer by filter and value, merged tile by tile.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Merged, greedy::Sum, merge};
use crate::{InputSpace, Method, OpProgram, Output, Plan, PlanRequest, Term};
use signloop_base::Result;
use signloop_network::quant::CodeMatrix;

/// Columns are numbered in 16 bits; wider matrices are tiled.
const WIDEST_TILE: usize = u16::MAX as usize;

/// Largest-overlap merging of unsigned sums.
pub struct SumMerge {
    /// Whether sums of zero weights are left out. Without, zero is a value like any other: its
    /// inputs are summed, multiplied by 0 and added, as a system for dense weights would do.
    pub skip_zeros: bool,
}

impl Method for SumMerge {
    fn name(&self) -> &'static str {
        if self.skip_zeros { "sum-merge" } else { "sum-merge-dense" }
    }

    fn summary(&self) -> &'static str {
        if self.skip_zeros {
            "one sum per filter and non-zero value, largest overlaps merged (SumMerge-style)"
        } else {
            "as sum-merge without sparsity support: inputs of zero weights are summed too"
        }
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn same_as(&self, request: &PlanRequest<'_>) -> Option<&'static dyn Method> {
        let alike = !self.skip_zeros && !request.weights.codes().contains(&0);
        alike.then_some(&Self { skip_zeros: true })
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let tile = request.options.column_tile.map_or(WIDEST_TILE, |tile| tile.get() as usize);
        Plan::of_index_streams(request, |matrix| {
            merge_matrix(matrix, tile.min(WIDEST_TILE), self.skip_zeros).depth_first()
        })
    }

    fn plan_of(
        &self,
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Option<Plan>> {
        Plan::with_index_streams(request, programs).map(Some)
    }
}

/// Merges within every tile of columns; a filter adds the partial sums of its tiles.
fn merge_matrix(matrix: CodeMatrix<'_>, tile: usize, skip_zeros: bool) -> OpProgram {
    // Zero last, so that its sums can be left out.
    let skip_zeros = skip_zeros || !matrix.codes.contains(&0);
    let values: &[i8] = if skip_zeros { &[1, -1] } else { &[1, -1, 0] };
    let starts: Vec<usize> = (0..matrix.columns).step_by(tile.max(1)).collect();
    let tiles: Vec<Merged> = starts
        .par_iter()
        .map(|start| {
            let end = matrix.columns.min(start + tile);
            let columns = |row: &[i8], value: i8| -> Vec<u16> {
                let codes = row[*start..end].iter().enumerate();
                codes.filter(|(_, code)| **code == value).map(|(column, _)| column as u16).collect()
            };
            let sums = matrix.iter_rows().flat_map(|row| values.iter().map(move |v| (row, *v)));
            merge(end - start, sums.map(|(row, value)| columns(row, value)).collect())
        })
        .collect();
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    let operands: Vec<Vec<u32>> =
        tiles.iter().zip(&starts).map(|(tile, start)| emit(&mut program, tile, *start)).collect();
    for row in 0..matrix.rows {
        let (mut terms, mut zeros) = (Vec::new(), Vec::new());
        for (index, value) in values.iter().enumerate() {
            for ((tile, start), operands) in tiles.iter().zip(&starts).zip(&operands) {
                let sum = &tile.given[row * values.len() + index];
                let sources = sources(sum, *start, operands);
                match value {
                    0 => zeros.extend(sources.map(|source| Term::new(source, false))),
                    _ => terms.extend(sources.map(|source| Term::new(source, *value < 0))),
                }
            }
        }
        let factors = [(terms, 1), (zeros, 0)];
        let terms = factors.into_iter().filter_map(|(terms, factor)| match terms.as_slice() {
            [] => None,
            [term] => Some((*term, factor)),
            _ => Some((Term::new(program.push_node(terms), false), factor)),
        });
        let output = Output { terms: terms.collect() };
        program.push_output(output);
    }
    program
}

/// Operands that a sum reads.
fn sources<'a>(
    sum: &'a Sum,
    start: usize,
    operands: &'a [u32],
) -> impl Iterator<Item = u32> + use<'a> {
    let columns = sum.columns.iter().map(move |column| start as u32 + u32::from(*column));
    columns.chain(sum.parts.iter().map(|part| operands[*part as usize]))
}

/// Pushes the made sums of a tile and returns the operand of each. A sum reads only sums that
/// were made after it, out of its own columns.
fn emit(program: &mut OpProgram, tile: &Merged, start: usize) -> Vec<u32> {
    let mut operands = vec![0_u32; tile.made.len()];
    for (index, sum) in tile.made.iter().enumerate().rev() {
        let terms: Vec<Term> =
            sources(sum, start, &operands).map(|source| Term::new(source, false)).collect();
        operands[index] = match terms.as_slice() {
            [term] => term.source,
            _ => program.push_node(terms),
        };
    }
    operands
}
