//! Transposition: a program for W read backwards is a program for Wᵀ.
//!
//! With K targets and N inputs, none of them zero, A(Wᵀ) = A(W) + K − N: every node of m terms
//! read by u operands becomes one of u terms read by m.

use super::super::Term;
use super::dag::Dag;

/// The transposed sums: one input for each target of `dag`, one target for each of its inputs.
/// Shifts must be zero.
pub fn transpose(dag: &Dag) -> Dag {
    // Nodes that nothing reads would be read by their operands as empty sums.
    let mut dag = dag.clone();
    dag.inline_single_uses();
    let inputs = dag.targets.len() as u32;
    let count = dag.nodes.len() as u32;
    let mut nodes: Vec<Vec<Term>> = vec![Vec::new(); dag.nodes.len()];
    let mut targets: Vec<Vec<Term>> = vec![Vec::new(); dag.inputs as usize];
    let mut read = |terms: &[Term], reader: u32| {
        for term in terms {
            let back = Term::new(reader, term.negative);
            match term.source.checked_sub(dag.inputs) {
                Some(node) => nodes[node as usize].push(back),
                None => targets[term.source as usize].push(back),
            }
        }
    };
    for (target, terms) in dag.targets.iter().enumerate() {
        read(terms, target as u32);
    }
    for node in 0..count {
        read(&dag.nodes[node as usize], inputs + node);
    }
    Dag { inputs, nodes, targets }
}
