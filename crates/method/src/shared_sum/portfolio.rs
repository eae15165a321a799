//! Candidate programs of one matrix, and the best of them.

use rayon::prelude::*;

use super::super::{
    OpProgram, Shift, Term,
    sums::{Dag, Scoring, Search, extract, transpose},
};
use super::{
    blocks::{Groups, distinct_rows, group},
    columns::Columns,
    halving::rows_of,
    order::by_similarity,
};
use signloop_network::quant::CodeMatrix;

/// Matrices of more weights than this are built in one order of their rows: that of alike rows if
/// it has a tenth fewer patterns, else the order given. (The largest layer of a shipped network
/// has as many.)
const LARGE: usize = 1 << 22;

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

/// How much to search, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Seed of the search.
    pub seed: u64,
    /// Iterations of its innermost loop, for each of two searches side by side; 0: no search.
    pub iterations: u64,
}

/// A program before its nodes are put in order.
#[derive(Debug, Clone)]
pub struct Draft {
    dag: Dag,
    /// Targets and factors that make up every row.
    outputs: Vec<Vec<(u32, i8)>>,
}

impl Draft {
    /// Adds of the program.
    pub fn adds(&self) -> u64 {
        self.dag.adds() + self.joins()
    }

    /// Adds that join targets into rows; search does not touch them.
    fn joins(&self) -> u64 {
        self.outputs.iter().map(|output| output.len().saturating_sub(1) as u64).sum()
    }

    /// The program, its input shifts moved to where the kernel starts.
    pub fn into_program(mut self, columns: &Columns) -> OpProgram {
        let base = columns.base;
        if base != Shift::default() {
            for term in self.dag.nodes.iter_mut().chain(&mut self.dag.targets).flatten() {
                if term.source < self.dag.inputs {
                    term.shift.dy += base.dy;
                    term.shift.dx += base.dx;
                }
            }
        }
        self.dag.into_program(columns.space, &self.outputs)
    }
}

/// Builds one candidate; `None` if the matrix is too large to pack, or the candidate is not for
/// these columns.
pub fn build(matrix: CodeMatrix<'_>, columns: &Columns, candidate: Candidate) -> Option<Draft> {
    let (own, equal) = distinct_rows(matrix);
    match candidate {
        Candidate::Blocks { rows, lift } => {
            let in_order = group(matrix, columns, &own, rows);
            let similar = group(matrix, columns, &by_similarity(matrix, &own, rows), rows);
            let count = |groups: &Groups| groups.sums.targets.len();
            let share = |groups: &Groups| {
                let shared = extract(&groups.sums, columns.packing(), Scoring { lift })?;
                Some(join(shared, groups, &equal))
            };
            // Alike rows have fewer patterns, unless there are none: random rows give as many in any
            // order. Fewer patterns mostly take fewer adds, but not always.
            if count(&similar) >= count(&in_order) {
                return share(&in_order);
            }
            if matrix.codes.len() > LARGE {
                // Random rows have a few fewer patterns when sorted, and gain nothing by it.
                let alike = count(&similar) <= count(&in_order) / 10 * 9;
                return share(if alike { &similar } else { &in_order });
            }
            let (given, alike) = rayon::join(|| share(&in_order), || share(&similar));
            [given, alike].into_iter().flatten().min_by_key(Draft::adds)
        }
        Candidate::Direct { lift } => {
            let dag = extract(&flat(matrix, columns, &own), columns.packing(), Scoring { lift })?;
            Some(Draft { dag, outputs: rows_as_targets(&own, &equal) })
        }
        // A transposed sum would have to remember where its operands were read.
        Candidate::Transposed { .. } if columns.extent != (1, 1) => None,
        Candidate::Transposed { lift } => {
            let transposed = transpose(&flat(matrix, columns, &own));
            let shared = extract(&transposed, columns.packing(), Scoring { lift })?;
            Some(Draft { dag: transpose(&shared), outputs: rows_as_targets(&own, &equal) })
        }
    }
}

/// The draft with the fewest adds, the first among equals: of all candidates as built, the best
/// four are searched for a part of the budget, and the best two of these for the rest. The result
/// depends on the matrix, the candidates and the budget, not on the number of threads or time.
pub fn fewest(
    matrix: CodeMatrix<'_>,
    columns: &Columns,
    candidates: &[Candidate],
    budget: Budget,
) -> Option<Draft> {
    let mut drafts: Vec<Draft> = candidates
        .par_iter()
        .map(|candidate| build(matrix, columns, *candidate))
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect();
    drafts.sort_by_key(Draft::adds);
    let best = drafts.first().map(Draft::adds)?;
    if budget.iterations == 0 {
        return drafts.into_iter().next();
    }
    // Search gains a few percent: what starts further behind does not catch up.
    drafts.retain(|draft| draft.adds() <= best + best / 20);
    drafts.truncate(4);
    let mut searches: Vec<(Search, Draft)> = drafts
        .into_par_iter()
        .enumerate()
        .filter_map(|(n, draft)| {
            let seed = budget.seed.wrapping_add(n as u64);
            Some((Search::new(&draft.dag, columns.packing(), seed)?, draft))
        })
        .collect();
    for (keep, share) in [(4, 1), (2, 6)] {
        searches.truncate(keep);
        // Four searches of 1/8 and two of 6/8: the budget once on each of two cores.
        searches.par_iter_mut().for_each(|(search, _)| search.run(budget.iterations / 8 * share));
        searches.sort_by_key(|(search, draft)| search.adds() + draft.joins());
    }
    let (search, draft) = searches.into_iter().next()?;
    Some(Draft { dag: search.to_dag(), ..draft })
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
pub(super) fn join(shared: Dag, groups: &Groups, equal: &[Option<(usize, bool)>]) -> Draft {
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
    dag.inline_single_uses();
    Draft { dag, outputs }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two families of filters in turns, each alike but for a few weights. Blocks of alike filters
    /// take fewer adds than blocks in order, and are taken.
    #[test]
    fn alike_filters_share_a_block() {
        let (rows, width) = (16, 72);
        let code = |row: usize, column: usize| {
            let family = (column * (3 + row % 2 * 4) / 5 + column / 7).is_multiple_of(2);
            let turned = (column * 31 + row * 17).is_multiple_of(29);
            if family == turned { -1 } else { 1 }
        };
        let codes: Vec<i8> =
            (0..rows * width).map(|place| code(place / width, place % width)).collect();
        let matrix = CodeMatrix { rows, columns: width, codes: &codes };
        let columns = Columns::patch(width);
        let (own, equal) = distinct_rows(matrix);
        let groups = group(matrix, &columns, &own, 4);
        let shared = extract(&groups.sums, columns.packing(), Scoring { lift: 0.0 }).unwrap();
        let in_order = join(shared, &groups, &equal).adds();
        let best =
            build(matrix, &columns, Candidate::Blocks { rows: 4, lift: 0.0 }).unwrap().adds();
        assert!(best < in_order, "{best} against {in_order}");
    }
}
