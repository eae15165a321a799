//! The op program: a straight-line DAG of signed sums, the one form of "what runs".
//!
//! Nodes are n-ary sums of signed operands; an operand is an input or an earlier node. A node of
//! m terms costs m − 1 adds. Negation rides on the edges and is free. An operand may carry a
//! shift: inputs and nodes are then planes over the pixels, and a shift of (dy, dx) reads the
//! operand at another pixel (`shift-shared`); im2col programs have no shifts and take the N
//! values of one patch as inputs.

use serde::{Deserialize, Serialize};

use signloop_base::{Error, Result};

/// Displacement in pixels of the plane an operand is read from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct Shift {
    /// Rows down.
    pub dy: i8,
    /// Columns to the right.
    pub dx: i8,
}

/// A signed operand: inputs come first (`0..inputs`), then nodes in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Term {
    /// Input index, or `inputs + node index`.
    pub source: u32,
    /// Whether the operand is subtracted.
    pub negative: bool,
    /// Where the operand is read.
    pub shift: Shift,
}

impl Term {
    /// An unshifted operand.
    #[must_use]
    pub fn new(source: u32, negative: bool) -> Self {
        Self { source, negative, shift: Shift::default() }
    }

    /// The operand's value with the term's sign; `None` where it has no opposite.
    pub(crate) fn signed(self, value: i64) -> Option<i64> {
        if self.negative { value.checked_neg() } else { Some(value) }
    }
}

/// What the inputs of a program are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputSpace {
    /// The N = C·R·S values of one patch, in (C, R, S) order; no shifts.
    Patch,
    /// One plane an input channel (times stride phases); terms carry shifts.
    Planes,
}

/// One output: a sum over terms with small integer factors, usually one term with factor 1.
///
/// The factor is folded into the filter's scale where there is one term; the reference-row form
/// `y = T − 2z` has two terms and costs one extra multiply (counted as a scale multiply). A factor
/// of 0 is a sum that is computed and multiplied by zero all the same (`sum-merge-dense`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Output {
    /// Terms and their factors; empty for an all-zero filter.
    pub terms: Vec<(Term, i8)>,
}

/// A straight-line program for one group of one layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpProgram {
    space: InputSpace,
    inputs: u32,
    offsets: Vec<u32>,
    terms: Vec<Term>,
    outputs: Vec<Output>,
}

impl OpProgram {
    /// An empty program over `inputs` operands.
    #[must_use]
    pub fn new(space: InputSpace, inputs: u32) -> Self {
        Self { space, inputs, offsets: vec![0], terms: Vec::new(), outputs: Vec::new() }
    }

    /// Appends a node and returns its operand index. Every term must name an input or an
    /// earlier node, and there must be at least one.
    pub fn push_node(&mut self, terms: impl IntoIterator<Item = Term>) -> u32 {
        let index = self.inputs + self.nodes();
        self.terms.extend(terms);
        let start = *self.offsets.last().unwrap_or(&0) as usize;
        assert!(self.terms.len() > start, "a node has at least one term");
        debug_assert!(self.terms[start..].iter().all(|term| term.source < index));
        self.offsets.push(self.terms.len() as u32);
        index
    }

    /// Appends an output.
    pub fn push_output(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// What the inputs are.
    #[must_use]
    pub fn space(&self) -> InputSpace {
        self.space
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> u32 {
        self.inputs
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        self.offsets.len() as u32 - 1
    }

    /// The terms of node `index` (0-based, not counting inputs).
    #[must_use]
    pub fn node(&self, index: u32) -> &[Term] {
        &self.terms
            [self.offsets[index as usize] as usize..self.offsets[index as usize + 1] as usize]
    }

    /// The outputs, one a filter of the group.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Two-input adds: Σ (terms − 1) over nodes and outputs.
    #[must_use]
    pub fn adds(&self) -> u64 {
        let inner = self.terms.len() as u64 - u64::from(self.nodes());
        let outer: u64 =
            self.outputs.iter().map(|output| (output.terms.len() as u64).saturating_sub(1)).sum();
        inner + outer
    }

    /// Terms that carry a factor other than ±1 in an output of several terms: multiplies.
    #[must_use]
    pub fn extra_multiplies(&self) -> u64 {
        self.outputs
            .iter()
            .filter(|output| output.terms.len() > 1)
            .flat_map(|output| &output.terms)
            .filter(|(_, factor)| factor.unsigned_abs() > 1)
            .count() as u64
    }

    /// Terms of all nodes: what is read to make them.
    pub(super) fn node_terms(&self) -> u64 {
        self.terms.len() as u64
    }

    /// Runs an im2col program on one patch of integers.
    ///
    /// # Errors
    /// The program is over planes, the patch has another length, or a sum overflows.
    pub fn evaluate(&self, patch: &[i64]) -> Result<Vec<i64>> {
        if self.space != InputSpace::Patch || patch.len() != self.inputs as usize {
            return Err(Error::Internal("a patch program needs one value per input".into()));
        }
        let mut values = Vec::with_capacity(patch.len() + self.nodes() as usize);
        values.extend_from_slice(patch);
        let add = |values: &[i64], sum: i64, term: &Term, factor: i8| {
            let value = values[term.source as usize];
            term.signed(value)
                .and_then(|value| value.checked_mul(i64::from(factor)))
                .and_then(|value| sum.checked_add(value))
                .ok_or(Error::Overflow("partial sum"))
        };
        for node in 0..self.nodes() {
            let terms = self.node(node);
            let sum = terms.iter().try_fold(0, |sum, term| add(&values, sum, term, 1))?;
            values.push(sum);
        }
        self.outputs
            .iter()
            .map(|output| {
                let terms = &output.terms;
                terms.iter().try_fold(0, |sum, (term, factor)| add(&values, sum, term, *factor))
            })
            .collect()
    }
}
