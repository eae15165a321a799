//! `row-pattern`: what the kernels run fastest.
//!
//! Columns with the same pattern in a block of k rows are summed once, and the rows are sums of
//! those (RSR, arXiv:2411.06360, with the sign folded; see [`super::blocks`]). Blocks are so small
//! that the sums of several of them stay in registers while the patch is read once: no table, no
//! stores, and one load feeds many adds. How many rows of which k share a pass follows from the
//! registers and from what a load costs beside an add. Where an add costs hardly less than a load
//! (16 registers, four instructions a cycle), larger blocks whose columns share sums are faster
//! (`shared_sum::prefix`).

use std::sync::Arc;

use super::{
    Columns,
    blocks::{distinct_rows, group_blocks},
    portfolio::join,
    prefix::{self, Window, prefix_program},
};
use crate::{Method, OpProgram, Plan, PlanRequest, WeightStorage, planning::programs_of};
use signloop_base::Result;
use signloop_network::quant::CodeMatrix;

/// Most rows of a block that are tried.
const MOST_ROWS: usize = 5;

/// What the sums of a pass run on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ports {
    /// Registers that sums may take.
    pub accumulators: usize,
    /// Cycles of a vector load that crosses a line.
    pub cycles_per_load: f64,
    /// Vector adds a cycle.
    pub adds_per_cycle: f64,
    /// Blocks whose columns share sums (`shared_sum::prefix`), where that is fast.
    pub prefix: Option<PrefixPorts>,
}

/// What blocks whose columns share sums run on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrefixPorts {
    /// Registers, columns and weights.
    pub window: Window,
    /// Most rows of a block; the other registers hold sums that are open for a while.
    pub rows: usize,
    /// Cycles of an add, most of which is hidden behind the loads.
    pub cycles_per_add: f64,
    /// Cycles of a load.
    pub cycles_per_load: f64,
    /// Cycles of an add that waits for the one before it: the sums of a row are added in turn.
    pub cycles_per_link: f64,
}

impl Default for Ports {
    /// AVX-512 with 28 registers for sums, on a Zen 4 core: 2.0 adds a cycle with adder and
    /// multiply-add unit in turn (measured). Loads take 1.5 cycles from L1 (measured); 2.0 gives
    /// the fastest of the cuts for 1.5 to 4.0 on most ResNet-18 layers, as many come from L2.
    fn default() -> Self {
        Self { accumulators: 28, cycles_per_load: 2.0, adds_per_cycle: 2.0, prefix: None }
    }
}

/// Sums of equal columns of small row blocks.
pub struct RowPattern;

impl Method for RowPattern {
    fn name(&self) -> &'static str {
        "row-pattern"
    }

    fn summary(&self) -> &'static str {
        "sums of columns alike in blocks of 1 to 5 filters, held in registers; the kernel's method"
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let programs =
            programs_of(request, |matrix| row_pattern_program(matrix, &Ports::default()));
        plan_with(request, programs)
    }

    fn plan_of(
        &self,
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Option<Plan>> {
        plan_with(request, programs).map(Some)
    }
}

fn plan_with(request: &PlanRequest<'_>, programs: Vec<Arc<OpProgram>>) -> Result<Plan> {
    // A column of a block names one of at most 2^k − 1 sums (or none) and its sign: about as
    // many bits as the codes themselves, which are what is stored.
    let storage = WeightStorage { metadata_bits: 0, ..WeightStorage::of(request) };
    Plan::of_programs(programs, storage)
}

/// The program of one group, its blocks in the order of the passes.
#[must_use]
pub fn row_pattern_program(matrix: CodeMatrix<'_>, ports: &Ports) -> OpProgram {
    let columns = Columns::patch(matrix.columns);
    let (own, equal) = distinct_rows(matrix);
    let (cycles, sizes) = block_sizes(matrix, &own, ports);
    if let Some(prefix) = &ports.prefix
        && let Some((fewest, size)) = prefix_size(matrix, &own, prefix)
        && fewest < cycles
    {
        return prefix_program(matrix, size, prefix.window);
    }
    let mut rest = own.as_slice();
    let blocks = sizes.iter().map(|size| {
        let (block, after) = rest.split_at((*size).min(rest.len()));
        rest = after;
        block
    });
    let blocks: Vec<&[usize]> = blocks.filter(|block| !block.is_empty()).collect();
    let groups = group_blocks(matrix, &columns, blocks.into_iter());
    join(groups.sums.clone(), &groups, &equal).into_program(&columns)
}

/// Adds and registers of one block of k rows.
#[derive(Debug, Clone, Copy)]
struct Block {
    adds: f64,
    accumulators: usize,
}

/// Cycles and rows of the blocks whose columns share sums, from the first few blocks. Where a block
/// has many rows its last ones are added to once a column, and that chain sets the time. It and the
/// throughput overlap but for a part, as the terms of `model::kernel_cycles` do.
fn prefix_size(matrix: CodeMatrix<'_>, own: &[usize], ports: &PrefixPorts) -> Option<(f64, usize)> {
    let cycles = |size: usize| {
        let (mut cycles, mut rows) = (0.0, 0);
        for block in own.chunks(size).take(2) {
            let measured = prefix::measure(matrix, block, ports.window);
            let flow = measured.adds as f64 * ports.cycles_per_add
                + measured.loads as f64 * ports.cycles_per_load;
            let chain = measured.links as f64 * ports.cycles_per_link;
            cycles += (flow.powi(3) + chain.powi(3)).cbrt();
            rows += block.len();
        }
        cycles * own.len() as f64 / rows as f64
    };
    let most = ports.rows.min(own.len());
    // Blocks alike: a last block of a few rows would be one long chain.
    let even = |size: usize| own.len().div_ceil(own.len().div_ceil(size));
    let sizes = (2..=most).map(even);
    sizes.map(|size| (cycles(size), size)).min_by(|a, b| a.0.total_cmp(&b.0))
}

/// Cycles, and rows of every block: passes of equal numbers of rows, each cut so that it has the fewest adds
/// that its registers allow, with the number of passes that takes the least time.
fn block_sizes(matrix: CodeMatrix<'_>, own: &[usize], ports: &Ports) -> (f64, Vec<usize>) {
    let blocks: Vec<Block> = (1..=MOST_ROWS).map(|size| measure(matrix, own, size)).collect();
    let rows = own.len();
    let time = |adds: f64| {
        let columns = matrix.columns as f64;
        (adds / ports.adds_per_cycle).max(columns * ports.cycles_per_load)
    };
    let mut best: Option<(f64, Vec<usize>)> = None;
    for passes in 1..=rows {
        let filters = rows.div_ceil(passes);
        let Some((adds, full)) = cut(&blocks, filters, ports.accumulators) else { continue };
        let whole = rows / filters;
        let mut total = time(adds) * whole as f64;
        let mut sizes: Vec<usize> = full.iter().copied().cycle().take(full.len() * whole).collect();
        if let Some((adds, last)) = cut(&blocks, rows % filters, ports.accumulators) {
            total += if last.is_empty() { 0.0 } else { time(adds) };
            sizes.extend(last);
        }
        if best.as_ref().is_none_or(|(least, _)| total < *least) {
            best = Some((total, sizes));
        }
        // Fewer filters a pass never bring fewer loads again once adds set the time.
        if filters == 1 {
            break;
        }
    }
    best.unwrap_or((f64::INFINITY, Vec::new()))
}

/// Mean adds and most sums of the blocks of `size` rows, from the first few of them.
fn measure(matrix: CodeMatrix<'_>, own: &[usize], size: usize) -> Block {
    let mut adds = 0;
    let mut accumulators = 1;
    let mut count = 0;
    for rows in own.chunks_exact(size).take(8) {
        let mut patterns = std::collections::BTreeSet::new();
        for column in 0..matrix.columns {
            let code = |row: &usize| matrix.row(*row)[column];
            let Some(lead) = rows.iter().map(code).find(|code| *code != 0) else { continue };
            let digit = |pattern: usize, row: &usize| pattern * 3 + (code(row) * lead + 1) as usize;
            patterns.insert(rows.iter().fold(0, digit));
            adds += 1;
        }
        accumulators = accumulators.max(patterns.len());
        // Rows from sums, at most: two adds a sum but for the first of each row.
        adds += (2 * patterns.len()).saturating_sub(2 * size);
        count += 1;
    }
    if count == 0 {
        // Fewer rows than the block has: never chosen.
        return Block { adds: f64::INFINITY, accumulators: usize::MAX };
    }
    Block { adds: adds as f64 / f64::from(count), accumulators }
}

/// The cut of `rows` rows into blocks with the fewest adds whose sums fit the registers.
fn cut(blocks: &[Block], rows: usize, accumulators: usize) -> Option<(f64, Vec<usize>)> {
    // best[r][a]: fewest adds of r rows with a registers, and the last block's rows.
    let mut best = vec![vec![(f64::INFINITY, 0); accumulators + 1]; rows + 1];
    best[0].fill((0.0, 0));
    for row in 1..=rows {
        for registers in 0..=accumulators {
            for (size, block) in (1..).zip(blocks) {
                if size <= row && block.accumulators <= registers {
                    let adds = best[row - size][registers - block.accumulators].0 + block.adds;
                    if adds < best[row][registers].0 {
                        best[row][registers] = (adds, size);
                    }
                }
            }
        }
    }
    let (adds, _) = best[rows][accumulators];
    if adds.is_infinite() {
        return None;
    }
    let mut sizes = Vec::new();
    let (mut row, mut registers) = (rows, accumulators);
    while row > 0 {
        let size = best[row][registers].1;
        sizes.push(size);
        registers -= blocks[size - 1].accumulators;
        row -= size;
    }
    Some((adds, sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_keep_to_the_registers() {
        // One sign, d = 0.35: 2^k − 1 sums, columns · (1 − 0.65^k) adds.
        let blocks: Vec<Block> = (1..=5)
            .map(|k| Block { adds: 1.0 - 0.65_f64.powi(k), accumulators: (1 << k) - 1 })
            .collect();
        let (_, sizes) = cut(&blocks, 12, 28).unwrap();
        assert_eq!(sizes, [3, 3, 3, 3]);
        let (_, sizes) = cut(&blocks, 16, 28).unwrap();
        assert_eq!(sizes.iter().sum::<usize>(), 16);
        let registers: usize = sizes.iter().map(|size| (1_usize << size) - 1).sum();
        assert!(registers <= 28);
        assert!(cut(&blocks, 29, 28).is_none());
    }
}
