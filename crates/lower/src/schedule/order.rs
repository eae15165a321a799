//! The order in which the sums of a pass are completed.

use super::cluster::Cluster;
use signloop_method::OpProgram;

/// What is completed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A node of the program.
    Node(u32),
    /// A filter.
    Output(u32),
}

/// Orders nodes and outputs so that few values wait: a sum that only a filter reads comes as soon
/// as its operands are complete, and the filter at once after it; everything else comes in the
/// order of a walk from the filters down.
pub fn order(program: &OpProgram, cluster: &Cluster) -> Vec<Item> {
    let inputs = program.inputs();
    let local = |node: u32| cluster.nodes.binary_search(&node).unwrap_or(0);
    let count = cluster.nodes.len();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waits: Vec<usize> = vec![0; count];
    for (at, node) in cluster.nodes.iter().enumerate() {
        for term in program.node(*node) {
            if let Some(read) = term.source.checked_sub(inputs) {
                readers[local(read)].push(at);
                waits[at] += 1;
            }
        }
    }
    let mut output_waits: Vec<usize> = Vec::with_capacity(cluster.outputs.len());
    let mut output_readers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, output) in cluster.outputs.iter().enumerate() {
        let terms = &program.outputs()[*output as usize].terms;
        let reads = terms.iter().filter_map(|(term, _)| term.source.checked_sub(inputs));
        let mut waiting = 0;
        for read in reads {
            output_readers[local(read)].push(at);
            waiting += 1;
        }
        output_waits.push(waiting);
    }
    let transient = |at: usize| readers[at].is_empty();
    let mut items = Vec::with_capacity(count + cluster.outputs.len());
    let zero = output_waits.iter().enumerate().filter(|(_, waits)| **waits == 0);
    items.extend(zero.map(|(at, _)| Item::Output(cluster.outputs[at])));
    // Two stacks of what is ready: transient sums first.
    let mut ready = [Vec::new(), Vec::new()];
    for at in (0..count).rev().filter(|at| waits[*at] == 0) {
        ready[usize::from(!transient(at))].push(at);
    }
    while let Some(at) = ready[0].pop().or_else(|| ready[1].pop()) {
        items.push(Item::Node(cluster.nodes[at]));
        for output in &output_readers[at] {
            output_waits[*output] -= 1;
            if output_waits[*output] == 0 {
                items.push(Item::Output(cluster.outputs[*output]));
            }
        }
        for reader in readers[at].iter().rev() {
            waits[*reader] -= 1;
            if waits[*reader] == 0 {
                ready[usize::from(!transient(*reader))].push(*reader);
            }
        }
    }
    items
}
