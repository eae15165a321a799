//! Loads and stores that are left when sums stay in registers.
//!
//! Belady's rule: the value whose next use is furthest away leaves first. An operand that would
//! be the first to leave is read from memory without taking a register. A sum that leaves before
//! its last use is stored, once; inputs are in memory already.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{OpProgram, Step, steps};

/// Memory operations of a program with so many registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RegisterUse {
    /// Registers, one of which is the accumulator.
    pub registers: u32,
    /// Loads of inputs and of sums that had left.
    pub loads: u64,
    /// Stores of sums that leave, and of outputs.
    pub stores: u64,
}

const NEVER: u32 = u32::MAX;

/// Runs the program with `registers` registers (at least one: the accumulator).
#[must_use]
pub fn simulate_registers(program: &OpProgram, registers: u32) -> RegisterUse {
    let order = steps(program);
    let values = program.inputs() as usize + program.nodes() as usize;
    let operands = |step: &Step| -> Vec<u32> {
        match step {
            Step::Node(node) => program.node(*node).iter().map(|term| term.source).collect(),
            Step::Output(output) => {
                let output = &program.outputs()[*output as usize];
                output.terms.iter().map(|(term, _)| term.source).collect()
            }
        }
    };
    // All reads in order, and for each the next read of the same value.
    let reads: Vec<u32> = order.iter().flat_map(operands).collect();
    let mut next = vec![NEVER; reads.len()];
    let mut upcoming = vec![NEVER; values];
    for (read, value) in reads.iter().enumerate().rev() {
        next[read] = std::mem::replace(&mut upcoming[*value as usize], read as u32);
    }
    let capacity = registers.saturating_sub(1) as usize;
    let mut held: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut in_memory = vec![false; values];
    in_memory[..program.inputs() as usize].fill(true);
    let (mut loads, mut stores, mut read) = (0, 0, 0);
    let mut keep = |held: &mut BTreeSet<(u32, u32)>, stores: &mut u64, until: u32, value: u32| {
        if until == NEVER {
            return;
        }
        held.insert((until, value));
        if held.len() > capacity
            && let Some((_, leaving)) = held.pop_last()
        {
            *stores += u64::from(!std::mem::replace(&mut in_memory[leaving as usize], true));
        }
    };
    for step in &order {
        let count = match step {
            Step::Node(node) => program.node(*node).len(),
            Step::Output(output) => program.outputs()[*output as usize].terms.len(),
        };
        for _ in 0..count {
            let value = reads[read];
            loads += u64::from(!held.remove(&(read as u32, value)));
            keep(&mut held, &mut stores, next[read], value);
            read += 1;
        }
        match step {
            Step::Output(_) => stores += 1,
            Step::Node(node) => {
                let value = program.inputs() + node;
                keep(&mut held, &mut stores, upcoming[value as usize], value);
            }
        }
    }
    RegisterUse { registers, loads, stores }
}

#[cfg(test)]
mod tests {
    use super::super::{InputSpace, Output, Term};
    use super::*;

    fn plus(source: u32) -> Term {
        Term::new(source, false)
    }

    /// p = a+b, q = c+d, y = p+q. With registers to spare only the four inputs are loaded and only
    /// y is stored. With the accumulator alone p, q and y leave and come back: 4 + 2 + 1 loads,
    /// 3 + 1 stores.
    #[test]
    fn between_plenty_and_none() {
        let mut program = OpProgram::new(InputSpace::Patch, 4);
        let p = program.push_node([plus(0), plus(1)]);
        let q = program.push_node([plus(2), plus(3)]);
        let y = program.push_node([plus(p), plus(q)]);
        program.push_output(Output { terms: vec![(plus(y), 1)] });
        let with = |registers| {
            let used = simulate_registers(&program, registers);
            (used.loads, used.stores)
        };
        assert_eq!(with(32), (4, 1));
        assert_eq!(with(1), (7, 4));
        assert_eq!(with(1), (program.counts().loads, program.counts().stores));
    }

    /// a is read at the start and the end, b in between twice: with one register beside the
    /// accumulator the furthest use is a's, so b stays and a is loaded twice: a, b, c, d, e, a = 6.
    #[test]
    fn the_furthest_use_leaves() {
        let mut program = OpProgram::new(InputSpace::Patch, 5);
        let p = program.push_node([plus(0), plus(1)]);
        let q = program.push_node([plus(1), plus(2), plus(3)]);
        let r = program.push_node([plus(4), plus(0)]);
        for node in [p, q, r] {
            program.push_output(Output { terms: vec![(plus(node), 1)] });
        }
        // Outputs read p, q and r at once, before anything else needs the register... except p,
        // which would push b out: its use comes first, so b leaves and is loaded again.
        let used = simulate_registers(&program, 2);
        assert_eq!((used.loads, used.stores), (7, 3));
        assert_eq!(simulate_registers(&program, 3).loads, 6);
        assert_eq!(simulate_registers(&program, 4).loads, 5);
    }
}
