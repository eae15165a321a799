//! The line addresses that a nest touches, in order; for the cache oracle.

use super::nest::{Access, Nest, Node};

/// Calls `visit(line address, buffer, write)` for every line of every touch, in program order.
///
/// Meant for small layers: the trace is as long as the layer's line touches.
pub fn trace(nest: &Nest, line: u64, mut visit: impl FnMut(u64, usize, bool)) {
    let mut indices = vec![0; nest.loops.len()];
    run(nest, &nest.body, line, &mut indices, &mut visit);
}

fn run(
    nest: &Nest,
    body: &[Node],
    line: u64,
    indices: &mut [u64],
    visit: &mut impl FnMut(u64, usize, bool),
) {
    for node in body {
        match node {
            Node::Loop(index, inner) => {
                for trip in 0..nest.loops[*index].trips {
                    indices[*index] = trip;
                    run(nest, inner, line, indices, visit);
                }
            }
            Node::Touch(index) => {
                let touch = &nest.touches[*index];
                if touch.last_of.is_some_and(|at| indices[at] + 1 < nest.loops[at].trips) {
                    continue;
                }
                let moved: u64 = touch
                    .path
                    .iter()
                    .zip(&touch.steps)
                    .map(|(outer, step)| indices[*outer] * step)
                    .sum();
                let start = nest.buffers[touch.buffer].base + moved;
                let runs: u64 = touch.repeats.iter().map(|(count, _)| count).product();
                for run in 0..runs {
                    let mut rest = run;
                    // The last repeat is the outermost, as a program would sweep it.
                    let address = touch.repeats.iter().fold(start, |address, (count, pitch)| {
                        let here = rest % count;
                        rest /= count;
                        address + here * pitch
                    });
                    let last = (address + touch.bytes - 1) / line;
                    for at in address / line..=last {
                        visit(at, touch.buffer, touch.access == Access::Write);
                    }
                }
            }
        }
    }
}
