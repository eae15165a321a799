//! Sums that are pushed: every sum is added to its readers as soon as it is complete.
//!
//! Nodes are taken in the program's order. Filters' sums have a register each for the whole pass;
//! the other registers hold sums that are open for a short while. What fits needs no slots, and
//! where only filters' sums are open the pass may be cut into chunks.

use super::{
    cluster::Cluster,
    limits::Limits,
    steps::{Finish, Pass, Register, Source, Step},
};
use signloop_method::OpProgram;
use signloop_network::quant::CodeMatrix;

/// What reads a node of the cluster, by index.
#[derive(Debug, Clone, Copy)]
struct Reader {
    node: usize,
    negative: bool,
}

struct Pusher<'a> {
    program: &'a OpProgram,
    cluster: &'a Cluster,
    readers: Vec<Vec<Reader>>,
    /// Register of the nodes that filters read.
    rows: Vec<Option<Register>>,
    /// Register of every value, and whether it holds minus it.
    homes: Vec<Option<(Register, bool)>>,
    free: Vec<Register>,
    steps: Vec<Step>,
}

/// The pass of a cluster; `None` if a filter is not one sum, more sums are open at once than
/// there are registers, or a chunk would be too long.
pub(super) fn push(
    program: &OpProgram,
    codes: CodeMatrix<'_>,
    cluster: &Cluster,
    limits: Limits,
) -> Option<Pass> {
    let mut pusher = Pusher::new(program, cluster, limits)?;
    let chunks = pusher.chunks(codes, limits)?;
    let count = chunks.len();
    let mut from = 0;
    let mut ends = Vec::with_capacity(count);
    for (at, (end, columns)) in chunks.into_iter().enumerate() {
        for node in from..end {
            pusher.node(node)?;
        }
        from = end;
        for local in 0..cluster.outputs.len() {
            let output = cluster.outputs[local];
            let codes = codes.row(output as usize);
            let of = |code: i8| columns.iter().filter(|c| codes[**c as usize] == code).count();
            let finish = Finish {
                from: (limits.registers + 1) as Register,
                output,
                local: local as u32,
                negative: false,
                factor: 1,
                first: at == 0,
                last: at + 1 == count,
                minus: of(-1) as u32,
                plus: of(1) as u32,
            };
            pusher.finish(finish);
        }
        ends.push(pusher.steps.len());
        for node in 0..cluster.nodes.len() {
            if pusher.rows[node].is_some() {
                pusher.homes[node] = None;
            }
        }
    }
    let outputs = cluster.outputs.clone();
    Some(Pass { steps: pusher.steps, slots: 0, outputs, chunks: ends })
}

impl<'a> Pusher<'a> {
    fn new(program: &'a OpProgram, cluster: &'a Cluster, limits: Limits) -> Option<Self> {
        let nodes = cluster.nodes.len();
        let local = |source: u32| {
            let node = source.checked_sub(program.inputs())?;
            cluster.nodes.binary_search(&node).ok()
        };
        let mut rows = vec![None; nodes];
        let mut next = 0;
        for output in &cluster.outputs {
            match program.outputs()[*output as usize].terms.as_slice() {
                [] => {}
                [(term, 1)] => {
                    let row = &mut rows[local(term.source)?];
                    if row.is_none() {
                        *row = Some(next as Register);
                        next += 1;
                    }
                }
                _ => return None,
            }
        }
        if next > limits.registers {
            return None;
        }
        let mut readers = vec![Vec::new(); nodes];
        for (node, own) in cluster.nodes.iter().enumerate() {
            for term in program.node(*own) {
                if let Some(read) = local(term.source) {
                    readers[read].push(Reader { node, negative: term.negative });
                }
            }
        }
        if (0..nodes).any(|node| rows[node].is_some() && !readers[node].is_empty()) {
            return None;
        }
        // Rows first: a sum that is read again takes over the register of its last operand.
        for readers in &mut readers {
            readers.sort_by_key(|reader| rows[reader.node].is_none());
        }
        // The first that are taken are those with short encodings.
        let free = (next as Register..(limits.registers + 2) as Register).collect();
        let homes = vec![None; nodes];
        Some(Self { program, cluster, readers, rows, homes, free, steps: Vec::new() })
    }

    /// Inputs that a node adds.
    fn taps(&self, node: usize) -> impl Iterator<Item = u32> {
        let inputs = self.program.inputs();
        let terms = self.program.node(self.cluster.nodes[node]);
        terms.iter().map(|term| term.source).filter(move |source| *source < inputs)
    }

    /// End and columns of every chunk: as many nodes as no filter adds too many weights in, and as
    /// have about the steps of a chunk, cut where only filters' sums are open.
    fn chunks(&self, codes: CodeMatrix<'_>, limits: Limits) -> Option<Vec<(usize, Vec<u32>)>> {
        let nodes = self.cluster.nodes.len();
        let mut all: Vec<u32> = (0..nodes).flat_map(|node| self.taps(node)).collect();
        let weights = |columns: &[u32], output: &u32| {
            let codes = codes.row(*output as usize);
            columns.iter().filter(|column| codes[**column as usize] != 0).count() as u32
        };
        let most = |columns: &[u32]| {
            self.cluster.outputs.iter().map(|output| weights(columns, output)).max().unwrap_or(0)
        };
        let limit = limits.weights_a_chunk.filter(|limit| most(&all) > *limit);
        let steps = |node: usize| self.taps(node).count() + self.readers[node].len();
        let total: usize = (0..nodes).map(steps).sum();
        if limit.is_none() && total <= limits.steps_a_chunk {
            return Some(vec![(nodes, all)]);
        }
        // Before these nodes all columns precede those after: a block's inputs are not read again.
        let mut later = vec![u32::MAX; nodes + 1];
        for node in (0..nodes).rev() {
            later[node] = self.taps(node).fold(later[node + 1], u32::min);
        }
        // A column that is read twice may be added in one chunk and subtracted in another.
        all.sort_unstable();
        if limit.is_some() && all.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let fits = |columns: &[u32]| limit.is_none_or(|limit| most(columns) <= limit);
        let mut chunks: Vec<(usize, Vec<u32>)> = Vec::new();
        let (mut segment, mut added, mut taken) = (Vec::new(), 0, 0);
        let mut open = vec![false; nodes];
        let (mut count, mut last) = (0_usize, 0);
        for node in 0..nodes {
            segment.extend(self.taps(node));
            last = self.taps(node).fold(last, u32::max);
            added += steps(node);
            count -= usize::from(std::mem::take(&mut open[node]));
            for reader in self.readers[node].iter().filter(|r| self.rows[r.node].is_none()) {
                count += usize::from(!std::mem::replace(&mut open[reader.node], true));
            }
            if count > 0 || limit.is_none() && last >= later[node + 1] {
                continue;
            }
            let segment = std::mem::take(&mut segment);
            let added = std::mem::take(&mut added);
            match chunks.last_mut() {
                Some((end, columns))
                    if taken + added <= limits.steps_a_chunk
                        && fits(&[&columns[..], &segment].concat()) =>
                {
                    *end = node + 1;
                    columns.extend(segment);
                    taken += added;
                }
                _ if !fits(&segment) => return None,
                _ => {
                    chunks.push((node + 1, segment));
                    taken = added;
                }
            }
        }
        Some(chunks)
    }

    /// Adds a node's inputs, and the node to all that read it.
    fn node(&mut self, node: usize) -> Option<()> {
        let inputs = self.program.inputs();
        for term in self.program.node(self.cluster.nodes[node]) {
            if term.source < inputs {
                self.add(node, Source::Tap(term.source), term.negative)?;
            }
        }
        if self.rows[node].is_some() {
            return Some(());
        }
        let (register, negated) = self.homes[node].take()?;
        let readers = std::mem::take(&mut self.readers[node]);
        for (at, reader) in readers.iter().enumerate() {
            let negative = reader.negative != negated;
            let last = at + 1 == readers.len();
            if last && self.rows[reader.node].is_none() && self.homes[reader.node].is_none() {
                self.homes[reader.node] = Some((register, negative));
                return Some(());
            }
            self.add(reader.node, Source::Register(register), negative)?;
        }
        self.free.push(register);
        Some(())
    }

    fn add(&mut self, node: usize, from: Source, negative: bool) -> Option<()> {
        match self.homes[node] {
            Some((to, negated)) => {
                self.steps.push(Step::Add { to, from, negative: negative != negated });
            }
            None => {
                let to = self.rows[node].or_else(|| self.free.pop())?;
                self.homes[node] = Some((to, negative));
                self.steps.push(Step::Set { to, from });
            }
        }
        Some(())
    }

    /// The end of a filter's sum over a chunk; `finish.from` is a register that is free.
    fn finish(&mut self, finish: Finish) {
        let terms = &self.program.outputs()[finish.output as usize].terms;
        let home = terms.first().and_then(|(term, _)| {
            let node = term.source.checked_sub(self.program.inputs())?;
            let node = self.cluster.nodes.binary_search(&node).ok()?;
            let (from, negated) = self.homes[node]?;
            Some((from, term.negative != negated))
        });
        let done = match home {
            Some((from, negative)) => Finish { from, negative, ..finish },
            None => {
                self.steps.push(Step::Zero { to: finish.from });
                finish
            }
        };
        self.steps.push(Step::Finish(done));
    }
}
