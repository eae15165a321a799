//! `filter-repetition`: each distinct 2-D kernel is convolved once per input channel.
//!
//! Courbariaux et al. 2016 (arXiv:1602.02830) §3.3: a binary 3×3 kernel has 2^9 patterns, half of
//! them up to sign, so filters share the partial map of a channel. With U_c distinct non-zero
//! kernels (up to sign) in channel c the count is
//! Σ_c Σ_{u∈U_c} (nnz(u) − 1) + Σ_k (channels with a non-zero kernel − 1).

use std::{collections::HashMap, sync::Arc};

use super::{
    InputSpace, Method, OpProgram, Output, Plan, PlanRequest, SlotReuse, Term, WeightStorage,
};
use signloop_base::Result;
use signloop_network::quant::CodeMatrix;

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
        let shared: Vec<Shared> =
            request.matrices().map(|matrix| share_kernels(matrix, slice)).collect();
        // It runs channel by channel: every reference adds a channel's partial sum to its filter's
        // accumulator in memory, so only the filters and one channel's kernels are ever live.
        let filters = request.shape.out_channels / request.shape.groups;
        let live = shared.iter().map(|group| filters + group.kernels).max().unwrap_or(0);
        let updates: u64 =
            shared.iter().map(|group| group.references.saturating_sub(filters)).sum();
        let programs: Vec<_> = shared.into_iter().map(|group| Arc::new(group.program)).collect();
        // Each filter names one distinct kernel and a sign per channel.
        let references = request.shape.out_channels * (request.shape.filter_len() / slice as u64);
        let distinct = programs.iter().map(|program| u64::from(program.nodes())).sum::<u64>();
        let index_bits = u64::from(u64::BITS - distinct.leading_zeros()) + 1;
        let storage = WeightStorage {
            weight_bits: distinct
                * slice as u64
                * u64::from(request.weights.scheme().bits_per_weight()),
            metadata_bits: references * index_bits,
            ..WeightStorage::of(request)
        };
        let mut plan = Plan::of_programs(programs, storage)?;
        plan.counts.peak_live = plan.counts.peak_live.min(live);
        plan.counts.loads += updates;
        plan.counts.stores += updates;
        Ok(plan)
    }

    fn slot_reuse(
        &self,
        request: &PlanRequest<'_>,
        plan: &Plan,
        slots_a_line: &[u64],
    ) -> Option<SlotReuse> {
        // Channel by channel; the slice of a channel is what the kernels are shared over.
        let slice = (request.shape.kernel_height * request.shape.kernel_width).max(1) as u32;
        let mut reuse = SlotReuse::new(slots_a_line, request.shape.kernel_width);
        for program in &plan.programs {
            let channels: Vec<u32> = (0..program.inputs()).map(|input| input / slice).collect();
            reuse.add_rounds(program, &channels);
        }
        Some(reuse)
    }
}

/// The program of one group, and what its channel-by-channel execution needs.
struct Shared {
    program: OpProgram,
    /// Most kernels that one channel sums.
    kernels: u64,
    /// References of filters to channels whose kernel is not all zero.
    references: u64,
}

fn share_kernels(matrix: CodeMatrix<'_>, slice: usize) -> Shared {
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    let (rows, channels) = (matrix.rows, matrix.columns / slice);
    let kernels = KernelIds::of(matrix, slice);
    // Turned in place from (kernel, sign) to (operand, sign).
    let mut operands = kernels.ids;
    // A slot counts only if its stamp is the channel's, so it is never cleared.
    let mut summed: Vec<(u32, u32)> = vec![(0, 0); kernels.distinct];
    let (mut most, mut references) = (0, 0);
    for channel in 0..channels {
        let nodes = program.nodes();
        let stamp = channel as u32 + 1;
        for row in 0..rows {
            let entry = &mut operands[channel * rows + row];
            if *entry == KernelIds::ZERO {
                continue;
            }
            let (id, sign) = ((*entry >> 1) as usize, *entry & 1);
            if summed[id].0 != stamp {
                let start = channel * slice;
                let kernel = &matrix.row(row)[start..start + slice];
                summed[id] = (stamp, partial_sum(&mut program, kernel, start, sign == 1));
            }
            *entry = summed[id].1 << 1 | sign;
            references += 1;
        }
        most = most.max(u64::from(program.nodes() - nodes));
    }
    let mut terms = Vec::with_capacity(channels);
    for row in 0..rows {
        terms.clear();
        let entries = (0..channels).map(|channel| operands[channel * rows + row]);
        terms.extend(
            entries
                .filter(|entry| *entry != KernelIds::ZERO)
                .map(|entry| Term::new(entry >> 1, entry & 1 == 1)),
        );
        let output = match terms.as_slice() {
            [] => Output::default(),
            [term] => Output { terms: vec![(*term, 1)] },
            terms => {
                let node = program.push_node(terms.iter().copied());
                Output { terms: vec![(Term::new(node, false), 1)] }
            }
        };
        program.push_output(output);
    }
    Shared { program, kernels: most, references }
}

/// The sum of one kernel's inputs, all signs flipped if it leads with −1: a node, or the input
/// itself where only one is effectual.
fn partial_sum(program: &mut OpProgram, kernel: &[i8], start: usize, flip: bool) -> u32 {
    let mut terms = kernel
        .iter()
        .enumerate()
        .filter(|(_, code)| **code != 0)
        .map(|(offset, code)| Term::new((start + offset) as u32, (*code < 0) != flip));
    match (terms.next(), terms.next()) {
        (Some(only), None) => only.source,
        (first, second) => program.push_node(first.into_iter().chain(second).chain(terms)),
    }
}

/// A number for every distinct kernel up to sign, so that equal kernels have equal numbers.
struct KernelIds {
    /// `channels × rows`: twice the number, plus one if the kernel leads with −1.
    ids: Vec<u32>,
    /// All numbers are below this.
    distinct: usize,
}

impl KernelIds {
    /// A kernel of zeros.
    const ZERO: u32 = u32::MAX;

    fn of(matrix: CodeMatrix<'_>, slice: usize) -> Self {
        let (rows, channels) = (matrix.rows, matrix.columns / slice);
        let mut ids = vec![Self::ZERO; rows * channels];
        // Up to nine weights the kernel read as a base-3 number is its own identity.
        let small = if slice <= 9 { 3_u32.pow(slice as u32) } else { 0 };
        // Looked up only, never iterated: numbers follow the filters, not the hash.
        let mut large: HashMap<Vec<i8>, u32> = HashMap::new();
        for (row, codes) in matrix.iter_rows().enumerate() {
            for (channel, kernel) in codes.chunks_exact(slice).enumerate() {
                let entry = &mut ids[channel * rows + row];
                if small > 0 {
                    let key = kernel.iter().fold(0, |key, code| key * 3 + (code + 1) as u32);
                    // The negative's number is the mirror image; zero is its own.
                    let mirror = small - 1 - key;
                    if key != mirror {
                        *entry = key.max(mirror) << 1 | u32::from(key < mirror);
                    }
                } else if let Some(lead) = kernel.iter().find(|code| **code != 0) {
                    let canonical: Vec<i8> = kernel.iter().map(|code| code * lead).collect();
                    let next = large.len() as u32;
                    let id = *large.entry(canonical).or_insert(next);
                    *entry = id << 1 | u32::from(*lead < 0);
                }
            }
        }
        Self { ids, distinct: small as usize + large.len() }
    }
}
