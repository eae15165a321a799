//! `dense`: every weight is multiplied in, zeros too. The baseline of every reduction.

use super::{
    Execution, InputSpace, Method, OpCounts, OpProgram, Output, Plan, PlanRequest, Term,
    WeightStorage, planning::programs_of,
};
use signloop_base::Result;
use signloop_network::quant::CodeMatrix;

/// The dense method: K·(N − 1) adds per output position.
pub struct Dense;

impl Method for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn summary(&self) -> &'static str {
        "every weight, zeros too: K(N-1) adds"
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let shape = request.shape;
        let (filters, length) = (shape.out_channels, shape.filter_len());
        // The closed form, not the program's count: a program cannot add a zero weight.
        let counts = OpCounts {
            adds: filters * (length - 1),
            scale_muls: filters,
            loads: filters * length,
            stores: filters,
            ..OpCounts::default()
        };
        Ok(Plan {
            execution: Execution::Gemm,
            counts,
            storage: WeightStorage { metadata_bits: 0, ..WeightStorage::of(request) },
            programs: Vec::new(),
        })
    }
}

/// `zero-skip`: the effectual weights only.
pub struct ZeroSkip;

impl Method for ZeroSkip {
    fn name(&self) -> &'static str {
        "zero-skip"
    }

    fn summary(&self) -> &'static str {
        "effectual weights only: the sum over filters of (effectual - 1) adds"
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let programs = programs_of(request, sums_of_rows);
        // One column index an effectual weight: ⌈log2 N⌉ bits, as a row-compressed matrix.
        let index_bits = u64::from(u64::BITS - (request.shape.filter_len() - 1).leading_zeros());
        let effectual = request.weights.effectual();
        let storage = WeightStorage {
            weight_bits: effectual * u64::from(request.weights.scheme().bits_per_weight()),
            metadata_bits: effectual * index_bits.max(1),
            ..WeightStorage::of(request)
        };
        Plan::of_programs(programs, storage)
    }
}

/// One n-ary node a filter over its effectual inputs; nothing is shared.
fn sums_of_rows(matrix: CodeMatrix<'_>) -> OpProgram {
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    let mut terms = vec![Term::new(0, false); matrix.columns];
    for row in matrix.iter_rows() {
        // Every term is written and only effectual ones advance: no branch to mispredict.
        let mut effectual = 0;
        for (column, code) in row.iter().enumerate() {
            terms[effectual] = Term::new(column as u32, *code < 0);
            effectual += usize::from(*code != 0);
        }
        let output = match &terms[..effectual] {
            [] => Output::default(),
            [term] => Output { terms: vec![(*term, 1)] },
            terms => {
                let node = program.push_node(terms.iter().copied());
                Output { terms: vec![(Term::new(node, false), 1)] }
            }
        };
        program.push_output(output);
    }
    program
}
