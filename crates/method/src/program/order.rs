//! Reordering: a node close before its first reader, so that fewer sums are live at once.

use super::{OpProgram, Output, Term};

impl OpProgram {
    /// The same sums with nodes depth first from the outputs. Nodes that no output needs are left
    /// out; nothing else changes, so the adds stay or fall.
    #[must_use]
    pub fn depth_first(&self) -> Self {
        let mut program = Self::new(self.space(), self.inputs());
        let mut place: Vec<Option<u32>> = vec![None; self.nodes() as usize];
        let mut stack: Vec<(u32, usize)> = Vec::new();
        for output in self.outputs() {
            let roots = output.terms.iter().filter_map(|(term, _)| self.unplaced(&place, term));
            for root in roots.collect::<Vec<_>>() {
                stack.push((root, 0));
                while let Some((node, next)) = stack.pop() {
                    if place[node as usize].is_some() {
                        continue;
                    }
                    match self.node(node).get(next) {
                        Some(term) => {
                            stack.push((node, next + 1));
                            stack.extend(self.unplaced(&place, term).map(|child| (child, 0)));
                        }
                        None => {
                            let terms: Vec<Term> = self
                                .node(node)
                                .iter()
                                .map(|term| self.moved(&place, term))
                                .collect();
                            place[node as usize] = Some(program.push_node(terms));
                        }
                    }
                }
            }
            let terms = output.terms.iter().map(|(term, by)| (self.moved(&place, term), *by));
            program.push_output(Output { terms: terms.collect() });
        }
        program
    }

    fn unplaced(&self, place: &[Option<u32>], term: &Term) -> Option<u32> {
        let node = term.source.checked_sub(self.inputs())?;
        place[node as usize].is_none().then_some(node)
    }

    fn moved(&self, place: &[Option<u32>], term: &Term) -> Term {
        let source = term
            .source
            .checked_sub(self.inputs())
            .and_then(|node| place[node as usize])
            .unwrap_or(term.source);
        Term { source, ..*term }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{InputSpace, LiveRanges, Shift};
    use super::*;

    /// Three pairs summed first and read much later are live together; depth first each stands
    /// before its output, and one at a time is live. The dead node goes.
    #[test]
    fn fewer_sums_are_live() {
        let mut program = OpProgram::new(InputSpace::Patch, 6);
        let pairs: Vec<u32> = (0..3)
            .map(|pair| {
                program.push_node([Term::new(2 * pair, false), Term::new(2 * pair + 1, true)])
            })
            .collect();
        program.push_node([Term::new(0, false), Term::new(5, false)]);
        for pair in &pairs {
            let term = Term { source: *pair, negative: true, shift: Shift::default() };
            let node = program.push_node([term, Term::new(0, false)]);
            program.push_output(Output { terms: vec![(Term::new(node, false), 1)] });
        }
        let ordered = program.depth_first();
        let patch = [3, 1, 4, 1, 5, 9];
        assert_eq!(ordered.evaluate(&patch).unwrap(), program.evaluate(&patch).unwrap());
        assert_eq!((program.adds(), ordered.adds()), (7, 6));
        assert_eq!((LiveRanges::of(&program).peak(), LiveRanges::of(&ordered).peak()), (4, 2));
    }
}
