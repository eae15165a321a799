//! Slots: where in memory every sum stands when the program runs over a block of pixels.

use std::{cmp::Reverse, collections::BinaryHeap};

use serde::Serialize;

use super::{LiveRanges, OpProgram};

/// A slot for every node. A slot is one vector of partial sums, and is used again once the sum in
/// it has been read for the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// Slot of every node.
    pub slot_of_node: Vec<u32>,
    /// Slots in use at all: with a free list no more than are live at once.
    pub slots: u32,
    /// Operand loads without any register reuse: one a term.
    pub loads: u64,
    /// Stores: one a node and one an output.
    pub stores: u64,
    /// Most sums live at once.
    pub peak_live: u64,
}

impl Schedule {
    /// Assigns slots in program order, the lowest free one first.
    #[must_use]
    pub fn of(program: &OpProgram) -> Self {
        let (slot_of_node, slots) = slots_of(program);
        let counts = program.counts();
        Self {
            slot_of_node,
            slots,
            loads: counts.loads,
            stores: counts.stores,
            peak_live: counts.peak_live,
        }
    }
}

/// The slot of every node, and how many there are.
pub(super) fn slots_of(program: &OpProgram) -> (Vec<u32>, u32) {
    let ranges = LiveRanges::of(program);
    // Nodes in the order of their ends, and where those of each end begin.
    let nodes = program.nodes() as usize;
    let mut begins = vec![0_u32; nodes + 1];
    for node in 0..program.nodes() {
        begins[ranges.last(node) as usize + 1] += 1;
    }
    for end in 0..nodes {
        begins[end + 1] += begins[end];
    }
    let mut next = begins.clone();
    let mut ending = vec![0_u32; nodes];
    for node in 0..program.nodes() {
        let at = &mut next[ranges.last(node) as usize];
        ending[*at as usize] = node;
        *at += 1;
    }
    let mut free: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    let mut slots = 0;
    let mut slot_of_node: Vec<u32> = Vec::with_capacity(nodes);
    for node in 0..nodes {
        let slot = free.pop().map_or_else(
            || {
                slots += 1;
                slots - 1
            },
            |Reverse(slot)| slot,
        );
        slot_of_node.push(slot);
        let ended = &ending[begins[node] as usize..begins[node + 1] as usize];
        free.extend(ended.iter().map(|node| Reverse(slot_of_node[*node as usize])));
    }
    (slot_of_node, slots)
}

#[cfg(test)]
mod tests {
    use super::super::{InputSpace, Output, Term};
    use super::*;

    fn plus(source: u32) -> Term {
        Term::new(source, false)
    }

    /// p = a+b, q = p+c, r = p+q, s = r+a; s is the output. p dies in r, q in r, r in s.
    /// While r is summed p, q and r are live: 3 slots; s takes the lowest that is free again, p's.
    #[test]
    fn slots_are_used_again() {
        let mut program = OpProgram::new(InputSpace::Patch, 3);
        let p = program.push_node([plus(0), plus(1)]);
        let q = program.push_node([plus(p), plus(2)]);
        let r = program.push_node([plus(p), plus(q)]);
        let s = program.push_node([plus(r), plus(0)]);
        program.push_output(Output { terms: vec![(plus(s), 1)] });
        let schedule = Schedule::of(&program);
        assert_eq!(schedule.slot_of_node, [0, 1, 2, 0]);
        assert_eq!((schedule.slots, schedule.peak_live), (3, 3));
        // Eight operands of nodes and one of the output; four sums and one output.
        assert_eq!((schedule.loads, schedule.stores), (9, 5));
    }
}
