//! `filter-repetition`: each distinct 2-D kernel is convolved once per input channel.
//!
//! Courbariaux et al. 2016 (arXiv:1602.02830) §3.3: a binary 3×3 kernel has 2^9 patterns, half of
//! them up to sign, so filters share the partial map of a channel. With U_c distinct non-zero
//! kernels (up to sign) in channel c the count is
//! Σ_c Σ_{u∈U_c} (nnz(u) − 1) + Σ_k (channels with a non-zero kernel − 1).

use std::collections::HashMap;

use super::{
    Execution, InputSpace, Method, OpProgram, Output, Plan, PlanRequest, Term, WeightStorage,
    each_group, per_group, storage_of,
};
use crate::{Result, quant::CodeMatrix};

/// Sharing of whole 2-D kernels between filters.
pub struct FilterRepetition;

impl Method for FilterRepetition {
    fn name(&self) -> &'static str {
        "filter-repetition"
    }

    fn summary(&self) -> &'static str {
        "each distinct 2-D kernel (up to sign) once per input channel (BNN 2016)"
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let slice = (request.shape.kernel_height * request.shape.kernel_width) as usize;
        let programs = each_group(request, |matrix| share_kernels(matrix, slice));
        let counts = per_group(&programs)?;
        // Each filter names one distinct kernel and a sign per channel.
        let references = request.shape.out_channels * (request.shape.filter_len() / slice as u64);
        let distinct = programs.iter().map(|program| u64::from(program.nodes())).sum::<u64>();
        let index_bits = u64::from(u64::BITS - distinct.leading_zeros()) + 1;
        let storage = WeightStorage {
            weight_bits: distinct
                * slice as u64
                * u64::from(request.weights.scheme().bits_per_weight()),
            metadata_bits: references * index_bits,
            ..storage_of(request)
        };
        Ok(Plan { execution: Execution::Program, counts, storage, programs })
    }
}

fn share_kernels(matrix: CodeMatrix<'_>, slice: usize) -> OpProgram {
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    let channels = matrix.columns / slice;
    let mut sums: Vec<Vec<Term>> = (0..matrix.rows).map(|_| Vec::with_capacity(channels)).collect();
    let mut known = Known::new(slice);
    let mut canonical: Vec<i8> = Vec::with_capacity(slice);
    for channel in 0..channels {
        known.next_channel();
        for (row, sum) in sums.iter_mut().enumerate() {
            let start = channel * slice;
            let kernel = &matrix.row(row)[start..start + slice];
            let Some(lead) = kernel.iter().find(|code| **code != 0).copied() else { continue };
            // Canonical sign: the first effectual weight is +1.
            canonical.clear();
            canonical.extend(kernel.iter().map(|code| code * lead));
            let source = match known.get(&canonical) {
                Some(source) => source,
                None => {
                    let source = partial_sum(&mut program, &canonical, start);
                    known.insert(&canonical, source);
                    source
                }
            };
            sum.push(Term::new(source, lead < 0));
        }
    }
    for terms in sums {
        let output = match terms.as_slice() {
            [] => Output::default(),
            [term] => Output { terms: vec![(*term, 1)] },
            _ => Output { terms: vec![(Term::new(program.push_node(terms), false), 1)] },
        };
        program.push_output(output);
    }
    program
}

/// The sum of one kernel's inputs: a node, or the input itself where only one is effectual.
fn partial_sum(program: &mut OpProgram, kernel: &[i8], start: usize) -> u32 {
    let mut terms = kernel
        .iter()
        .enumerate()
        .filter(|(_, code)| **code != 0)
        .map(|(offset, code)| Term::new((start + offset) as u32, *code < 0));
    match (terms.next(), terms.next()) {
        (Some(only), None) => only.source,
        (first, second) => program.push_node(first.into_iter().chain(second).chain(terms)),
    }
}

/// Kernels already summed in the channel at hand. Looked up only, never iterated, so node order
/// follows the filters.
enum Known {
    /// Kernels of at most nine weights index a table of 3^n slots; a slot counts only if its
    /// stamp is the channel's.
    Table { stamp: u32, slots: Vec<(u32, u32)> },
    /// Larger kernels.
    Map(HashMap<Vec<i8>, u32>),
}

impl Known {
    fn new(slice: usize) -> Self {
        match u32::try_from(slice) {
            Ok(slice @ 0..=9) => Self::Table { stamp: 0, slots: vec![(0, 0); 3_usize.pow(slice)] },
            _ => Self::Map(HashMap::new()),
        }
    }

    fn next_channel(&mut self) {
        match self {
            Self::Table { stamp, .. } => *stamp += 1,
            Self::Map(map) => map.clear(),
        }
    }

    fn slot(kernel: &[i8]) -> usize {
        kernel.iter().fold(0, |slot, code| slot * 3 + (code + 1) as usize)
    }

    fn get(&self, kernel: &[i8]) -> Option<u32> {
        match self {
            Self::Table { stamp, slots } => {
                let (own, source) = slots[Self::slot(kernel)];
                (own == *stamp).then_some(source)
            }
            Self::Map(map) => map.get(kernel).copied(),
        }
    }

    fn insert(&mut self, kernel: &[i8], source: u32) {
        match self {
            Self::Table { stamp, slots } => slots[Self::slot(kernel)] = (*stamp, source),
            Self::Map(map) => {
                map.insert(kernel.to_vec(), source);
            }
        }
    }
}
