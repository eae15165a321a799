//! Sums in no particular order: what the engine reads and returns.

use super::super::{InputSpace, OpProgram, Output, Shift, Term};

/// Target sums and shared nodes over `inputs` operands. Operand `inputs + n` is node n; nodes may
/// stand in any order that has no cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dag {
    /// Number of inputs.
    pub inputs: u32,
    /// Terms of every node; an empty node is not in use.
    pub nodes: Vec<Vec<Term>>,
    /// Terms of every target; empty for the zero sum.
    pub targets: Vec<Vec<Term>>,
}

impl Dag {
    /// Targets without shared nodes.
    pub fn flat(inputs: u32, targets: Vec<Vec<Term>>) -> Self {
        Self { inputs, nodes: Vec::new(), targets }
    }

    /// Two-input adds: terms − 1 of every sum.
    pub fn adds(&self) -> u64 {
        self.nodes.iter().chain(&self.targets).map(|sum| sum.len().saturating_sub(1) as u64).sum()
    }

    /// Drops nodes that nothing reads, and puts every node that is read once, or that has a
    /// single term, in the place of its reader: the adds stay the same or fall.
    pub fn inline_single_uses(&mut self) {
        let inputs = self.inputs;
        let order = self.order();
        let mut uses = vec![0_u32; self.nodes.len()];
        for term in self.targets.iter().flatten() {
            count(&mut uses, inputs, term);
        }
        // From the last node back, so that the uses of a node are known when it is reached.
        for node in order.iter().rev() {
            if uses[*node as usize] == 0 {
                self.nodes[*node as usize].clear();
            }
            for term in &self.nodes[*node as usize] {
                count(&mut uses, inputs, term);
            }
        }
        // From the first node on, so that what is put in place is already final.
        for node in order {
            let terms = std::mem::take(&mut self.nodes[node as usize]);
            self.nodes[node as usize] = self.expand(&uses, terms);
        }
        for target in 0..self.targets.len() {
            let terms = std::mem::take(&mut self.targets[target]);
            self.targets[target] = self.expand(&uses, terms);
        }
        for (node, uses) in uses.iter().enumerate() {
            if *uses <= 1 || self.nodes[node].len() == 1 {
                self.nodes[node].clear();
            }
        }
    }

    fn expand(&self, uses: &[u32], terms: Vec<Term>) -> Vec<Term> {
        let mut expanded = Vec::with_capacity(terms.len());
        for term in terms {
            match term.source.checked_sub(self.inputs) {
                Some(node) if uses[node as usize] == 1 || self.nodes[node as usize].len() == 1 => {
                    expanded.extend(self.nodes[node as usize].iter().map(|inner| Term {
                        source: inner.source,
                        negative: inner.negative != term.negative,
                        shift: Shift {
                            dy: inner.shift.dy + term.shift.dy,
                            dx: inner.shift.dx + term.shift.dx,
                        },
                    }));
                }
                _ => expanded.push(term),
            }
        }
        expanded
    }

    /// Nodes in an order in which operands come first.
    pub fn order(&self) -> Vec<u32> {
        self.order_by_target().0
    }

    /// Nodes in an order in which operands come first: depth first from the targets, so that a
    /// node stands close before its first reader; then those that nothing reads. Also, for every
    /// target, how many nodes of the order it and the targets before it need.
    fn order_by_target(&self) -> (Vec<u32>, Vec<usize>) {
        let mut done = vec![false; self.nodes.len()];
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut needed = Vec::with_capacity(self.targets.len());
        let mut stack: Vec<(u32, usize)> = Vec::new();
        let mut visit = |root: u32, order: &mut Vec<u32>| {
            if !std::mem::replace(&mut done[root as usize], true) {
                stack.push((root, 0));
            }
            while let Some((node, next)) = stack.pop() {
                let Some(term) = self.nodes[node as usize].get(next) else {
                    order.push(node);
                    continue;
                };
                stack.push((node, next + 1));
                if let Some(child) = term.source.checked_sub(self.inputs)
                    && !std::mem::replace(&mut done[child as usize], true)
                {
                    stack.push((child, 0));
                }
            }
        };
        for target in &self.targets {
            for term in target {
                if let Some(node) = term.source.checked_sub(self.inputs) {
                    visit(node, &mut order);
                }
            }
            needed.push(order.len());
        }
        for node in 0..self.nodes.len() as u32 {
            visit(node, &mut order);
        }
        (order, needed)
    }

    /// The program. Output `n` sums the targets that `outputs[n]` names, with their factors.
    pub fn into_program(mut self, space: InputSpace, outputs: &[Vec<(u32, i8)>]) -> OpProgram {
        self.inline_single_uses();
        let inputs = self.inputs;
        let mut program = OpProgram::new(space, inputs);
        let mut place: Vec<u32> = vec![u32::MAX; self.nodes.len()];
        let rename = |place: &[u32], term: &Term| Term {
            source: term
                .source
                .checked_sub(inputs)
                .map_or(term.source, |node| place[node as usize]),
            ..*term
        };
        let (order, needed) = self.order_by_target();
        let mut next = 0;
        // A target is emitted once however many outputs read it.
        let mut emitted: Vec<Option<Term>> = vec![None; self.targets.len()];
        for output in outputs {
            let mut terms = Vec::with_capacity(output.len());
            for (target, factor) in output {
                for node in order.iter().take(needed[*target as usize]).skip(next) {
                    let terms = &self.nodes[*node as usize];
                    if !terms.is_empty() {
                        let renamed: Vec<Term> =
                            terms.iter().map(|term| rename(&place, term)).collect();
                        place[*node as usize] = program.push_node(renamed);
                    }
                }
                next = next.max(needed[*target as usize]);
                let term = match (emitted[*target as usize], &self.targets[*target as usize][..]) {
                    (Some(term), _) => term,
                    (None, []) => continue,
                    (None, [term]) => rename(&place, term),
                    (None, sum) => {
                        let renamed: Vec<Term> =
                            sum.iter().map(|term| rename(&place, term)).collect();
                        Term::new(program.push_node(renamed), false)
                    }
                };
                emitted[*target as usize] = Some(term);
                let negative = term.negative != (*factor < 0);
                terms.push((Term { negative, ..term }, factor.abs()));
            }
            program.push_output(Output { terms });
        }
        program
    }
}

fn count(uses: &mut [u32], inputs: u32, term: &Term) {
    if let Some(node) = term.source.checked_sub(inputs) {
        uses[node as usize] += 1;
    }
}
