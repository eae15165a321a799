//! Live ranges: a sum is live from the node that makes it to the last step that reads it.

use super::{OpProgram, Output};

/// One step of execution in program order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Sum node `0`.
    Node(u32),
    /// Read the operands of output `0`, scale, and store it.
    Output(u32),
}

/// Nodes in order; every output directly after the last node that it reads, so that nothing is
/// kept for longer than an output needs it.
#[must_use]
pub fn steps(program: &OpProgram) -> Vec<Step> {
    let outputs = program.outputs();
    let mut ready: Vec<(u32, u32)> = outputs
        .iter()
        .enumerate()
        .map(|(index, output)| (nodes_before(program, output), index as u32))
        .collect();
    ready.sort_unstable();
    let mut ready = ready.into_iter().peekable();
    let mut steps = Vec::with_capacity(program.nodes() as usize + outputs.len());
    for node in 0..=program.nodes() {
        while let Some((_, output)) = ready.next_if(|(before, _)| *before == node) {
            steps.push(Step::Output(output));
        }
        if node < program.nodes() {
            steps.push(Step::Node(node));
        }
    }
    steps
}

/// Nodes that run before the output can: up to and with the last that it reads.
fn nodes_before(program: &OpProgram, output: &Output) -> u32 {
    let sources =
        output.terms.iter().filter_map(|(term, _)| term.source.checked_sub(program.inputs()));
    sources.max().map_or(0, |node| node + 1)
}

/// For every node, the last node during or directly after which it is read (itself if never).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRanges {
    last: Vec<u32>,
}

impl LiveRanges {
    /// The live ranges of a program whose nodes run in order.
    #[must_use]
    pub fn of(program: &OpProgram) -> Self {
        let mut last: Vec<u32> = (0..program.nodes()).collect();
        for node in 0..program.nodes() {
            for term in program.node(node) {
                if let Some(source) = term.source.checked_sub(program.inputs()) {
                    last[source as usize] = node;
                }
            }
        }
        for output in program.outputs() {
            let read = nodes_before(program, output).saturating_sub(1);
            for (term, _) in &output.terms {
                if let Some(source) = term.source.checked_sub(program.inputs()) {
                    let last = &mut last[source as usize];
                    *last = (*last).max(read);
                }
            }
        }
        Self { last }
    }

    /// The last node during or directly after which `node` is read.
    #[must_use]
    pub fn last(&self, node: u32) -> u32 {
        self.last[node as usize]
    }

    /// Most nodes live at once. A node is live beside the operands that die in it.
    #[must_use]
    pub fn peak(&self) -> u64 {
        let mut freed = vec![0_u64; self.last.len()];
        for last in &self.last {
            freed[*last as usize] += 1;
        }
        let (mut live, mut peak) = (0_u64, 0);
        for freed in freed {
            live += 1;
            peak = peak.max(live);
            live -= freed;
        }
        peak
    }
}
