//! Execution of a plan on random integers, held against the dense product.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Execution, InputSpace, Plan, PlanRequest, bit_packed_multiply, plane_value};
use crate::{Error, Result, workload::LayerShape};

/// Random patches on which every patch program runs.
pub const VECTORS: u64 = 3;

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

/// Runs every program of a plan: patch programs on [`VECTORS`] random patches, plane programs at
/// corners and centre of a random image, `bit-packed` with its own evaluator.
///
/// # Errors
/// A program does not give the dense product, which is a fault of the method, or a sum overflows.
pub fn verify(
    method: &str,
    request: &PlanRequest<'_>,
    plan: &Plan,
    seed: u64,
) -> Result<Verification> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let groups = request.shape.groups;
    let mut done = Verification::default();
    let fault = |group: u64| {
        Error::Internal(format!("{method} does not give the dense product in group {group}"))
    };
    if plan.execution == Execution::BitSerial {
        for group in 0..groups {
            let matrix = request.weights.group(group as usize, groups as usize);
            let bits = request.bits.activation;
            let patch: Vec<u8> =
                (0..matrix.columns).map(|_| (random.next_u64() >> (64 - bits)) as u8).collect();
            let wide: Vec<i64> = patch.iter().map(|value| i64::from(*value)).collect();
            if bit_packed_multiply(matrix, &patch, bits) != matrix.multiply(&wide) {
                return Err(fault(group));
            }
            done.programs += 1;
            done.evaluations += 1;
        }
        return Ok(done);
    }
    done.closed_forms = u64::from(plan.programs.is_empty());
    let planes = plan.programs.iter().any(|program| program.space() == InputSpace::Planes);
    // A plane program reads one image; the batch repeats it.
    let shape = LayerShape { batch: 1, ..*request.shape };
    let image = if planes { integers(&mut random, shape.input_elements()) } else { Vec::new() };
    for (group, program) in plan.programs.iter().enumerate() {
        let matrix = request.weights.group(group, groups as usize);
        let group = group as u64;
        done.programs += 1;
        if program.space() == InputSpace::Patch {
            for _ in 0..VECTORS {
                let patch = integers(&mut random, matrix.columns as u64);
                if program.evaluate(&patch)? != matrix.multiply(&patch) {
                    return Err(fault(group));
                }
                done.evaluations += 1;
            }
            continue;
        }
        let (height, width) = (shape.out_height() as i64, shape.out_width() as i64);
        let read = |plane, y, x| plane_value(&shape, group, &image, (plane, y, x));
        for at in [(0, 0), (height / 2, width / 2), (height - 1, width - 1)] {
            let patch = window(&shape, group, &image, at);
            if program.evaluate_at(&read, at)? != matrix.multiply(&patch) {
                return Err(fault(group));
            }
            done.evaluations += 1;
        }
    }
    Ok(done)
}

/// Integers of 16 bits: no sum of a layer leaves 64.
fn integers(random: &mut impl Rng, count: u64) -> Vec<i64> {
    (0..count).map(|_| (random.next_u64() as i64) >> 48).collect()
}

/// The patch of one output position as a direct convolution reads it, in (C, R, S) order.
fn window(shape: &LayerShape, group: u64, image: &[i64], (y, x): (i64, i64)) -> Vec<i64> {
    let mut patch = Vec::with_capacity(shape.filter_len() as usize);
    let channels = shape.in_channels / shape.groups;
    let place = |out: i64, tap: u64| {
        out * shape.stride as i64 + (tap * shape.dilation) as i64 - shape.padding as i64
    };
    for channel in group * channels..(group + 1) * channels {
        for r in 0..shape.kernel_height {
            for s in 0..shape.kernel_width {
                let (row, column) = (place(y, r), place(x, s));
                let inside = (0..shape.in_height as i64).contains(&row)
                    && (0..shape.in_width as i64).contains(&column);
                let line = channel as i64 * shape.in_height as i64 + row;
                let index = line * shape.in_width as i64 + column;
                patch.push(if inside { image[index as usize] } else { 0 });
            }
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        method::{OpProgram, Output, PlanOptions, Term, find},
        quant::{QuantizedTensor, Scheme},
        workload::OperandBits,
    };

    /// A right plan passes; with one sign turned it is reported.
    #[test]
    fn a_wrong_program_is_found() {
        let shape = LayerShape::linear(1, 3, 1).unwrap();
        let weights =
            QuantizedTensor::new(Scheme::Binary, shape.weight_shape(), vec![1, -1, 1], vec![1.0])
                .unwrap();
        let bits = OperandBits { activation: 8, weight: 1, accumulator: 32, output: 8 };
        let options = PlanOptions::default();
        let request = PlanRequest { shape: &shape, weights: &weights, bits, options: &options };
        let mut plan = find("zero-skip").unwrap().plan(&request).unwrap();
        let done = verify("zero-skip", &request, &plan, 1).unwrap();
        assert_eq!((done.programs, done.evaluations), (1, VECTORS));
        let mut wrong = OpProgram::new(InputSpace::Patch, 3);
        let node = wrong.push_node((0..3).map(|input| Term::new(input, false)));
        wrong.push_output(Output { terms: vec![(Term::new(node, false), 1)] });
        plan.programs = vec![Arc::new(wrong)];
        assert!(verify("zero-skip", &request, &plan, 1).is_err());
    }
}
