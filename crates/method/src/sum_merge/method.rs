//! The method: sums of a layer by filter and value, merged tile by tile.

use std::{ops::Range, sync::Arc};

use rayon::prelude::*;

use super::{Merged, greedy::Sum, merge};
use crate::{InputSpace, Method, OpProgram, Output, Plan, PlanRequest, Term};
use signloop_base::Result;
use signloop_network::quant::CodeMatrix;

/// Columns are numbered in 16 bits; wider matrices are tiled.
const WIDEST_TILE: usize = u16::MAX as usize;
/// Rows² · columns: what comparing all sums with each other grows with. Layers of more are merged
/// in tiles, so that the time grows with the weights; every layer of a shipped network has fewer.
const MOST_PAIRS: usize = 1 << 32;
/// Rows and columns of these tiles.
const LARGE_TILE: (usize, usize) = (256, 1024);

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
        let columns = request.options.column_tile.map(|tile| tile.get() as usize);
        Plan::of_index_streams(request, |matrix| {
            merge_matrix(matrix, Tile::of(matrix, columns), self.skip_zeros).depth_first()
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

/// Rows and columns within which sums are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tile {
    rows: usize,
    columns: usize,
}

impl Tile {
    /// All rows, and as many columns as asked for (all by default); in layers of more than
    /// [`MOST_PAIRS`], tiles of a size that merges in a second.
    fn of(matrix: CodeMatrix<'_>, columns: Option<usize>) -> Self {
        let pairs = matrix.rows.saturating_mul(matrix.rows).saturating_mul(matrix.columns);
        let (rows, widest) =
            if pairs > MOST_PAIRS { LARGE_TILE } else { (matrix.rows, WIDEST_TILE) };
        let columns = columns.unwrap_or(widest).min(WIDEST_TILE);
        Self { rows: rows.max(1), columns: columns.max(1) }
    }
}

/// Merges within every tile; a filter adds the partial sums of its tiles.
fn merge_matrix(matrix: CodeMatrix<'_>, tile: Tile, skip_zeros: bool) -> OpProgram {
    // Zero last, so that its sums can be left out.
    let skip_zeros = skip_zeros || !matrix.codes.contains(&0);
    let values: &[i8] = if skip_zeros { &[1, -1] } else { &[1, -1, 0] };
    let starts: Vec<usize> = (0..matrix.columns).step_by(tile.columns).collect();
    let bands: Vec<usize> = (0..matrix.rows).step_by(tile.rows).collect();
    let merged: Vec<Vec<Merged>> = bands
        .par_iter()
        .map(|first| {
            let rows = *first..matrix.rows.min(first + tile.rows);
            let merged = starts.par_iter().map(|start| {
                let columns = *start..matrix.columns.min(start + tile.columns);
                merge_tile(matrix, rows.clone(), columns, values)
            });
            merged.collect()
        })
        .collect();
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    for (first, tiles) in bands.iter().zip(merged) {
        let rows = matrix.rows.min(first + tile.rows) - first;
        emit_band(&mut program, &tiles, &starts, (rows, values));
    }
    program
}

/// Merges the sums of one tile: one a row and value.
fn merge_tile(
    matrix: CodeMatrix<'_>,
    rows: Range<usize>,
    tile: Range<usize>,
    values: &[i8],
) -> Merged {
    let columns = |row: usize, value: i8| -> Vec<u16> {
        let codes = matrix.row(row)[tile.clone()].iter().enumerate();
        codes.filter(|(_, code)| **code == value).map(|(column, _)| column as u16).collect()
    };
    let sums = rows.flat_map(|row| values.iter().map(move |value| (row, *value)));
    merge(tile.len(), sums.map(|(row, value)| columns(row, value)).collect())
}

/// Pushes the sums of a band of rows, made and given, and its outputs.
fn emit_band(
    program: &mut OpProgram,
    tiles: &[Merged],
    starts: &[usize],
    (rows, values): (usize, &[i8]),
) {
    let operands: Vec<Vec<u32>> =
        tiles.iter().zip(starts).map(|(tile, start)| emit(program, tile, *start)).collect();
    for row in 0..rows {
        let (mut terms, mut zeros) = (Vec::new(), Vec::new());
        for (index, value) in values.iter().enumerate() {
            for ((tile, start), operands) in tiles.iter().zip(starts).zip(&operands) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(rows: usize, columns: usize) -> Vec<i8> {
        let mut state = 11_u64;
        let mut code = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 61) as i8 % 3 - 1
        };
        (0..rows * columns).map(|_| code()).collect()
    }

    /// 2^32 pairs of rows and columns are merged whole, one row more in tiles; columns asked for
    /// are kept in either.
    #[test]
    fn only_larger_layers_are_cut() {
        let tile = |rows: usize, columns: usize, asked| {
            Tile::of(CodeMatrix { rows, columns, codes: &[] }, asked)
        };
        assert_eq!(tile(1024, 4096, None), Tile { rows: 1024, columns: WIDEST_TILE });
        assert_eq!(tile(1024, 4096, Some(36)), Tile { rows: 1024, columns: 36 });
        assert_eq!(tile(1025, 4096, None), Tile { rows: 256, columns: 1024 });
        assert_eq!(tile(1025, 4096, Some(36)), Tile { rows: 256, columns: 36 });
    }

    /// Tiles of any rows and columns compute what the whole does, the last ones of fewer too.
    #[test]
    fn tiles_give_the_dense_product() {
        let (rows, columns) = (13, 22);
        let codes = draw(rows, columns);
        let matrix = CodeMatrix { rows, columns, codes: &codes };
        let patch: Vec<i64> = (0..columns as i64).map(|n| n * n * 7 - 31 * n + 5).collect();
        for (tile_rows, tile_columns) in [(13, 22), (5, 22), (13, 8), (4, 5), (1, 1)] {
            let tile = Tile { rows: tile_rows, columns: tile_columns };
            for skip_zeros in [true, false] {
                let program = merge_matrix(matrix, tile, skip_zeros);
                assert_eq!(program.evaluate(&patch).unwrap(), matrix.multiply(&patch));
            }
        }
    }
}
