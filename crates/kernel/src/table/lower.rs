//! From a program to tables: filters whose sums are plain sums of columns alike.

use super::classes::{ROWS, class_of, classes, code, listed, lists, low_rows, lows};
use signloop_lower::{Cluster, StepCounts, clusters};
use signloop_method::{OpProgram, shared_sum::PatternKind};

/// Filters of one table.
#[derive(Debug, Clone)]
pub(super) struct PatternPass {
    /// Group of the layer.
    pub(super) group: u32,
    /// Kind of its patterns.
    pub(super) kind: PatternKind,
    /// Filters of the group: their row of the block (none for an all-zero filter), and whether
    /// they are minus it.
    pub(super) filters: Vec<(u32, Option<u8>, bool)>,
    /// Chunks of columns.
    pub(super) chunks: Vec<Chunk>,
}

/// The table of some columns.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    /// Where its stream begins.
    pub(super) start: usize,
    /// Weights −1 and +1 of every row, which bound its sum.
    pub(super) bounds: [(u32, u32); ROWS],
}

/// Columns with the codes of every row of a block; one column may come several times, as the
/// program reads it.
#[derive(Debug, Clone, Default)]
struct Block {
    rows: Vec<Vec<(u32, i8)>>,
    columns: Vec<(u32, [i8; ROWS])>,
    filters: Vec<(u32, Option<u8>, bool)>,
}

/// What bounds a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkLimits {
    /// Columns.
    pub(super) columns: usize,
    /// Weights ±1 of a row, so that its sum stays in the lanes' range.
    pub(super) weights: Option<u32>,
}

/// All tables of a layer, and the stream that they lie in.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) passes: Vec<PatternPass>,
    pub(super) stream: Vec<i32>,
    pub(super) counts: StepCounts,
}

impl Tables {
    /// Appends the tables of a group's program. `taps` holds the byte offset of every input.
    /// `None` if the program has another form: a sum that reads a sum, a factor, or more filters
    /// that share sums than a table holds.
    pub(super) fn append(
        &mut self,
        program: &OpProgram,
        group: u32,
        taps: &[i32],
        limits: ChunkLimits,
    ) -> Option<()> {
        for (kind, block) in blocks(program)? {
            self.pass(kind, block, group, taps, limits)?;
        }
        Some(())
    }

    fn pass(
        &mut self,
        kind: PatternKind,
        block: Block,
        group: u32,
        taps: &[i32],
        limits: ChunkLimits,
    ) -> Option<()> {
        let Block { mut columns, filters, .. } = block;
        columns.sort_by_key(|(column, _)| *column);
        let mut chunks = Vec::new();
        let mut rest = columns.as_slice();
        // Equal chunks, none of which breaks a limit.
        let share = rest.len().div_ceil(rest.len().div_ceil(limits.columns).max(1)).max(1);
        while !rest.is_empty() || chunks.is_empty() {
            let mut bounds = [(0_u32, 0_u32); ROWS];
            let mut taken = 0;
            for (_, codes) in rest.iter().take(share) {
                let mut next = bounds;
                for (bound, code) in next.iter_mut().zip(codes) {
                    bound.0 += u32::from(*code < 0);
                    bound.1 += u32::from(*code > 0);
                }
                if limits.weights.is_some_and(|most| next.iter().any(|(m, p)| m + p > most)) {
                    break;
                }
                bounds = next;
                taken += 1;
            }
            let (own, after) = rest.split_at(taken);
            rest = after;
            if taken == 0 && !rest.is_empty() {
                return None;
            }
            chunks.push(Chunk { start: self.stream.len(), bounds });
            self.chunk(kind, own, taps)?;
        }
        self.counts.finishes += (filters.len() * chunks.len()) as u64;
        self.counts.flushes += (filters.len() * (chunks.len() - 1)) as u64;
        self.passes.push(PatternPass { group, kind, filters, chunks });
        Some(())
    }

    fn chunk(&mut self, kind: PatternKind, own: &[(u32, [i8; ROWS])], taps: &[i32]) -> Option<()> {
        let mut members: Vec<[Vec<i32>; 2]> = vec![Default::default(); classes(kind)];
        for (column, codes) in own {
            let (class, negative) = class_of(kind, *codes)?;
            members[class][usize::from(negative)].push(taps[*column as usize]);
        }
        for (class, columns) in members.iter().enumerate() {
            if listed(kind, class) {
                for list in &columns[..lists(kind)] {
                    self.stream.extend(list);
                    self.stream.push(-1);
                }
            }
            let count = (columns[0].len() + columns[1].len()) as u64;
            let reads = |row: &usize| code(kind, class, *row) != 0;
            // The sum goes to the first filters, and to the sum for the others.
            let readers = (0..low_rows(kind)).filter(reads).count() as u64 + 1;
            self.counts.tap_loads += count;
            if count > 0 {
                self.counts.adds += count - 1 + readers;
            }
            if class % lows(kind) == 0 {
                self.counts.adds += (low_rows(kind)..ROWS).filter(reads).count() as u64;
            }
        }
        Some(())
    }
}

/// Blocks of filters that fit a table.
fn blocks(program: &OpProgram) -> Option<Vec<(PatternKind, Block)>> {
    let inputs = program.inputs();
    for node in 0..program.nodes() {
        if program.node(node).iter().any(|term| term.source >= inputs) {
            return None;
        }
    }
    let mut blocks: Vec<(PatternKind, Block)> = Vec::new();
    for cluster in clusters(program) {
        let own = rows(program, &cluster)?;
        let joined = blocks.last().and_then(|(_, last)| fit(program, &join(last, &own)));
        match joined {
            Some(block) => *blocks.last_mut()? = block,
            None => blocks.push(fit(program, &own)?),
        }
    }
    Some(blocks)
}

/// The rows of a cluster: sums of nodes, equal ones (up to sign) once.
fn rows(program: &OpProgram, cluster: &Cluster) -> Option<Block> {
    let mut block = Block::default();
    for output in &cluster.outputs {
        let mut row: Vec<(u32, i8)> = Vec::new();
        for (term, factor) in &program.outputs()[*output as usize].terms {
            let node = term.source.checked_sub(program.inputs())?;
            let sign = if term.negative { -1 } else { 1 };
            if factor.abs() != 1 {
                return None;
            }
            row.push((node, sign * factor));
        }
        row.sort_unstable();
        if row.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let Some((_, lead)) = row.first().copied() else {
            block.filters.push((*output, None, false));
            continue;
        };
        row.iter_mut().for_each(|(_, sign)| *sign *= lead);
        let at = block.rows.iter().position(|own| *own == row).unwrap_or_else(|| {
            block.rows.push(row);
            block.rows.len() - 1
        });
        block.filters.push((*output, Some(u8::try_from(at).ok()?), lead < 0));
    }
    Some(block)
}

fn join(first: &Block, second: &Block) -> Block {
    let mut joined = first.clone();
    let shift = first.rows.len();
    joined.rows.extend(second.rows.iter().cloned());
    joined.filters.extend(
        second
            .filters
            .iter()
            .map(|(output, row, negative)| (*output, row.map(|row| row + shift as u8), *negative)),
    );
    joined
}

/// The block with its columns, if a table holds it.
fn fit(program: &OpProgram, block: &Block) -> Option<(PatternKind, Block)> {
    if block.rows.len() > ROWS {
        return None;
    }
    let mut block = Block { columns: Vec::new(), ..block.clone() };
    let mut nodes: Vec<u32> = block.rows.iter().flatten().map(|(node, _)| *node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    for node in nodes {
        let mut signs = [0; ROWS];
        for (sign, row) in signs.iter_mut().zip(&block.rows) {
            *sign = row.iter().find(|(own, _)| *own == node).map_or(0, |(_, sign)| *sign);
        }
        block.columns.extend(program.node(node).iter().map(|term| {
            (term.source, if term.negative { signs.map(|sign| -sign) } else { signs })
        }));
    }
    // Rows of one sign count as positive; the scale carries the sign.
    let mut mixed = false;
    for row in 0..block.rows.len() {
        let any = |sign: i8| block.columns.iter().any(|(_, codes)| codes[row] == sign);
        match (any(1), any(-1)) {
            (true, true) => mixed = true,
            (false, true) => {
                block.columns.iter_mut().for_each(|(_, codes)| codes[row] = -codes[row]);
                // The row itself too: a block that is joined and fitted again is turned only once.
                block.rows[row].iter_mut().for_each(|(_, sign)| *sign = -*sign);
                let minus = |(_, own, negative): &mut (u32, Option<u8>, bool)| {
                    *negative ^= *own == Some(row as u8);
                };
                block.filters.iter_mut().for_each(minus);
            }
            _ => {}
        }
    }
    let used = block.rows.len();
    let whole = |(_, codes): &(u32, [i8; ROWS])| codes[..used].iter().all(|code| *code != 0);
    let kind = if !mixed {
        PatternKind::OneSign
    } else if block.columns.iter().all(whole) {
        // Rows beyond the last go along with the first.
        for (_, codes) in &mut block.columns {
            let lead = codes[0];
            codes[used..].fill(lead);
        }
        PatternKind::Full
    } else {
        PatternKind::Mixed
    };
    (used <= kind.rows()).then_some((kind, block))
}
