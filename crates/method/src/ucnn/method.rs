//! The method: the best number of filters a table, the table's bits.

use rayon::prelude::*;

use super::trie::Block;
use crate::{
    InputSpace, Method, OpProgram, Plan, PlanRequest, WeightStorage,
    planning::{bits_for, programs_of},
};
use signloop_base::{Error, Result};
use signloop_network::quant::CodeMatrix;

/// Most filters a table; more have more patterns than any layer has columns.
const MOST_FILTERS: usize = 16;

/// Factored dot products with activation groups.
pub struct Ucnn;

impl Method for Ucnn {
    fn name(&self) -> &'static str {
        "ucnn"
    }

    fn summary(&self) -> &'static str {
        "inputs of equal weights in G filters are summed once, best G (UCNN)"
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let matrices: Vec<CodeMatrix<'_>> = request.matrices().collect();
        let candidates: Vec<usize> = match request.options.filter_group {
            Some(filters) => vec![filters.get() as usize],
            None => (1..=MOST_FILTERS).collect(),
        };
        let counted: Vec<Option<u64>> = candidates
            .par_iter()
            .map(|filters| matrices.iter().map(|matrix| adds(*matrix, *filters)).sum())
            .collect();
        let best = counted.iter().zip(&candidates).filter_map(|(adds, n)| adds.map(|a| (a, *n)));
        // A fixed G with too many patterns is cut to the largest that can be told apart.
        let filters = best.min().map_or(MOST_FILTERS.min(candidates[0]), |(_, filters)| filters);
        let filters = (1..=filters)
            .rev()
            .find(|filters| matrices.iter().all(|m| blocks(*m, *filters).is_some()))
            .ok_or_else(|| Error::Internal("one filter has at most three values".into()))?;
        let programs = programs_of(request, |matrix| program(matrix, filters));
        let storage = table(request, &matrices, filters)?;
        Plan::of_programs(programs, storage)
    }
}

fn blocks(matrix: CodeMatrix<'_>, filters: usize) -> Option<Vec<Block<'_>>> {
    (0..matrix.rows).step_by(filters).map(|first| Block::new(matrix, first, filters)).collect()
}

fn adds(matrix: CodeMatrix<'_>, filters: usize) -> Option<u64> {
    blocks(matrix, filters).map(|blocks| blocks.par_iter().map(Block::adds).sum())
}

fn program(matrix: CodeMatrix<'_>, filters: usize) -> OpProgram {
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    for block in blocks(matrix, filters).unwrap_or_default() {
        block.emit(&mut program);
    }
    program
}

/// The indirection table: an entry names its input, ⌈log2 N⌉ bits, and the level from which on its
/// pattern is another than the entry's before, ⌈log2(G + 1)⌉ bits. A leaf keeps its G weights.
fn table(
    request: &PlanRequest<'_>,
    matrices: &[CodeMatrix<'_>],
    filters: usize,
) -> Result<WeightStorage> {
    let (mut leaves, mut entries) = (0, 0);
    for block in matrices.iter().flat_map(|matrix| blocks(*matrix, filters)).flatten() {
        let (patterns, columns) = block.entries();
        leaves += patterns;
        entries += columns;
    }
    let entry = u64::from(bits_for(request.shape.filter_len()) + bits_for(filters as u64 + 1));
    let leaf = filters as u64 * u64::from(request.weights.scheme().bits_per_weight());
    let base = WeightStorage::of(request);
    let bits = |count: u64, each: u64| count.checked_mul(each).ok_or(Error::Overflow("table bits"));
    Ok(WeightStorage {
        weight_bits: bits(leaves, leaf)?,
        metadata_bits: bits(entries, entry)? + base.metadata_bits,
        ..base
    })
}
