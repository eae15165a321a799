//! A program as data: JSON for other tools, Graphviz for the eye.

use std::fmt::Write as _;

use serde::Serialize;

use super::{InputSpace, OpProgram, Schedule, Term};

/// A program in plain words, for `signloop program --format json`.
#[derive(Debug, Clone, Serialize)]
pub struct ProgramExport {
    /// Group of a grouped convolution.
    pub group: u64,
    /// `patch` or `planes`.
    pub space: InputSpace,
    /// Operands `0..inputs` are inputs; operand `inputs + n` is node n.
    pub inputs: u32,
    /// Two-input adds.
    pub adds: u64,
    /// Terms of every node, in an order in which operands come first.
    pub nodes: Vec<Vec<TermExport>>,
    /// Terms and factors of every output.
    pub outputs: Vec<Vec<(TermExport, i8)>>,
    /// Slots, loads and stores.
    pub schedule: Schedule,
}

/// One signed operand; `shift` is (rows, columns), absent where it is zero.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TermExport {
    /// Operand index.
    pub operand: u32,
    /// +1 or −1.
    pub sign: i8,
    /// Where a plane is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<(i8, i8)>,
}

impl From<&Term> for TermExport {
    fn from(term: &Term) -> Self {
        let shift = (term.shift.dy, term.shift.dx);
        Self {
            operand: term.source,
            sign: if term.negative { -1 } else { 1 },
            shift: (shift != (0, 0)).then_some(shift),
        }
    }
}

impl ProgramExport {
    /// The export of one group's program.
    #[must_use]
    pub fn of(group: u64, program: &OpProgram) -> Self {
        let nodes = (0..program.nodes())
            .map(|node| program.node(node).iter().map(TermExport::from).collect())
            .collect();
        let outputs = program
            .outputs()
            .iter()
            .map(|output| output.terms.iter().map(|(term, by)| (term.into(), *by)).collect())
            .collect();
        Self {
            group,
            space: program.space(),
            inputs: program.inputs(),
            adds: program.adds(),
            nodes,
            outputs,
            schedule: Schedule::of(program),
        }
    }
}

/// A Graphviz digraph: inputs are boxes, sums circles with their adds, outputs double circles.
/// A subtracted operand has a dashed edge; a factor or shift stands on the edge.
#[must_use]
pub fn graphviz(name: &str, program: &OpProgram) -> String {
    let label = name.replace(['"', '\\'], "_");
    let mut text = format!("digraph \"{label}\" {{\n  rankdir=LR;\n");
    let vertex = |operand: u32| match operand.checked_sub(program.inputs()) {
        None => format!("x{operand}"),
        Some(node) => format!("n{node}"),
    };
    for input in 0..program.inputs() {
        let _ = writeln!(text, "  x{input} [shape=box];");
    }
    for node in 0..program.nodes() {
        let adds = program.node(node).len() - 1;
        let _ = writeln!(text, "  n{node} [shape=circle, label=\"n{node}\\n{adds}\"];");
        for term in program.node(node) {
            let _ = writeln!(text, "  {} -> n{node}{};", vertex(term.source), edge(term, 1));
        }
    }
    for (index, output) in program.outputs().iter().enumerate() {
        let _ = writeln!(text, "  y{index} [shape=doublecircle];");
        for (term, factor) in &output.terms {
            let edge = edge(term, *factor);
            let _ = writeln!(text, "  {} -> y{index}{edge};", vertex(term.source));
        }
    }
    text.push_str("}\n");
    text
}

fn edge(term: &Term, factor: i8) -> String {
    let mut attributes = Vec::new();
    if term.negative != (factor < 0) {
        attributes.push("style=dashed".to_owned());
    }
    let mut label = Vec::new();
    if factor.unsigned_abs() != 1 {
        label.push(format!("x{}", factor.unsigned_abs()));
    }
    if (term.shift.dy, term.shift.dx) != (0, 0) {
        label.push(format!("({},{})", term.shift.dy, term.shift.dx));
    }
    if !label.is_empty() {
        attributes.push(format!("label=\"{}\"", label.join(" ")));
    }
    if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) }
}
