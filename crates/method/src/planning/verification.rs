//! A whole plan held against the dense product, and what was done for it.

use super::{Plan, PlanRequest};
use crate::verify;
use signloop_base::{Error, Result};

/// Random inputs on which every program runs.
pub const VECTORS: u32 = 3;

/// What was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Verification {
    /// Programs (one a group, layer, scheme and method), all of which gave the dense product.
    pub programs: u64,
    /// Runs of a program at one output position on random integers.
    pub evaluations: u64,
    /// Plans that are no program and have no evaluator of their own: `dense`.
    pub closed_forms: u64,
}

impl Verification {
    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            programs: self.programs + other.programs,
            evaluations: self.evaluations + other.evaluations,
            closed_forms: self.closed_forms + other.closed_forms,
        }
    }
}

/// Runs every program of a plan on [`VECTORS`] random inputs.
pub(super) fn verify_programs(
    method: &str,
    request: &PlanRequest<'_>,
    plan: &Plan,
    seed: u64,
) -> Result<Verification> {
    if plan.programs.is_empty() {
        return Ok(Verification { closed_forms: 1, ..Verification::default() });
    }
    if !verify(&plan.programs, request.shape, request.weights, VECTORS, seed)? {
        return Err(wrong_product(method));
    }
    let programs = plan.programs.len() as u64;
    Ok(Verification { programs, evaluations: programs * u64::from(VECTORS), closed_forms: 0 })
}

/// A method's plan that does not compute the layer.
pub(crate) fn wrong_product(method: &str) -> Error {
    Error::Internal(format!("{method} does not give the dense product"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{InputSpace, OpProgram, Output, PlanOptions, Term, find};
    use signloop_network::{
        quant::{QuantizedTensor, Scheme},
        workload::LayerShape,
    };

    /// A right plan passes; with one sign turned it is reported.
    #[test]
    fn a_wrong_program_is_found() {
        let shape = LayerShape::linear(1, 3, 1).unwrap();
        let weights =
            QuantizedTensor::new(Scheme::Binary, shape.weight_shape(), vec![1, -1, 1], vec![1.0])
                .unwrap();
        let options = PlanOptions::default();
        let request = PlanRequest::of_shape(&shape, &weights, &options);
        let method = find("zero-skip").unwrap();
        let mut plan = method.plan(&request).unwrap();
        let done = method.verify(&request, &plan, 1).unwrap();
        assert_eq!((done.programs, done.evaluations), (1, u64::from(VECTORS)));
        let mut wrong = OpProgram::new(InputSpace::Patch, 3);
        let node = wrong.push_node((0..3).map(|input| Term::new(input, false)));
        wrong.push_output(Output { terms: vec![(Term::new(node, false), 1)] });
        plan.programs = vec![Arc::new(wrong)];
        assert!(method.verify(&request, &plan, 1).is_err());
    }
}
