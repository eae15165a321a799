//! Build once from weights, run many times.

use std::sync::Arc;

use super::{
    body::Body,
    checks::check,
    compile::{compile, generates},
    masks::Masks,
    table::{self, TableKernel},
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_lower::{
    Activations, Engine, Geometry, GroupPass, Isa, KernelOptions, Lane, Limits, Pass, PlaneLayout,
    StepCounts, registers, schedule, together, waiting, weights_in_16_bits,
};
use signloop_method::OpProgram;
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// A layer, compiled. Shared freely between threads; each run needs a [`Workspace`](crate::Workspace) of its own.
#[derive(Debug)]
pub struct Kernel {
    pub(super) shape: LayerShape,
    pub(super) geometry: Geometry,
    pub(super) options: KernelOptions,
    pub(super) lane: Lane,
    pub(super) lanes: usize,
    pub(super) blocks: usize,
    pub(super) scales: Vec<(f32, f32)>,
    pub(super) masks: Masks,
    pub(super) passes: Vec<GroupPass>,
    pub(super) body: Body,
    pub(super) tile: usize,
    /// Blocks whose sums wait between chunks at a time.
    pub(super) waiting: usize,
}

impl Kernel {
    /// Compiles the programs of a layer, one a group, as a method planned them.
    ///
    /// # Errors
    /// The layer is too large to address, options contradict each other, or the programs are
    /// not patch programs of this layer.
    pub fn build(
        shape: &LayerShape,
        weights: &QuantizedTensor,
        programs: &[Arc<OpProgram>],
        options: &KernelOptions,
    ) -> Result<Self> {
        check(shape, weights, programs, options)?;
        let generated = generates(options.isa);
        match options.engine {
            Some(Engine::Table) => Self::table(shape, weights, programs, options),
            Some(Engine::Code) if !generated => Err(Problem::new(format!(
                "no machine code is generated for `{}`",
                options.isa.name()
            ))
            .hint("leave the choice of the back end open, or ask for `table`")
            .into()),
            Some(Engine::Code) => Self::steps(shape, weights, programs, options),
            None if generated => match Self::steps(shape, weights, programs, options) {
                // The system forbids executable memory.
                Err(signloop_base::Error::Io { .. }) => {
                    Self::table(shape, weights, programs, options)
                }
                built => built,
            },
            None => Self::table(shape, weights, programs, options),
        }
    }

    /// A kernel that runs scheduled steps.
    fn steps(
        shape: &LayerShape,
        weights: &QuantizedTensor,
        programs: &[Arc<OpProgram>],
        options: &KernelOptions,
    ) -> Result<Self> {
        let scales = scales(weights, options);
        let (lane, passes) = passes(shape, weights, programs, options)?;
        let line = 64 / lane.bytes() as u64;
        let lanes = options.isa.vector_bytes() / lane.bytes();
        let geometry = Geometry::new(shape, options.output_padding, line, lanes as u64)?;
        let masks = Masks::new(&geometry, lanes);
        let tile = options.tile.unwrap_or_else(|| tile(options, &geometry, shape.groups, 1));
        let waiting = waiting(options, lane, &passes);
        let blocks = masks.blocks();
        let fetchers = fetchers(options, &passes, tile.min(blocks), waiting);
        let body = compile(options, lane, &geometry, &scales, &passes, shape, fetchers)?;
        Ok(Self {
            shape: *shape,
            geometry,
            options: options.clone(),
            lane,
            lanes,
            blocks,
            scales,
            masks,
            waiting,
            passes,
            body,
            tile: tile.max(1),
        })
    }

    /// A kernel driven by tables; programs of another form are executed step by step.
    fn table(
        shape: &LayerShape,
        weights: &QuantizedTensor,
        programs: &[Arc<OpProgram>],
        options: &KernelOptions,
    ) -> Result<Self> {
        let Some(lowered) = TableKernel::lower(options, shape, programs)? else {
            let options = KernelOptions { isa: Isa::Scalar, ..options.clone() };
            return Self::steps(shape, weights, programs, &options);
        };
        let table::Lowered { table, geometry, lane, lanes } = lowered;
        let vectors = table::vectors(options.isa, lane, lanes);
        let tile = options.tile.unwrap_or_else(|| {
            tile(options, &geometry, shape.groups, vectors).min(table.most_blocks())
        });
        Ok(Self {
            shape: *shape,
            lane,
            lanes,
            blocks: geometry.positions.div_ceil(lanes as u64) as usize,
            scales: scales(weights, options),
            masks: Masks::default(),
            waiting: 1,
            passes: Vec::new(),
            body: Body::Table(table),
            tile: tile.max(1),
            geometry,
            options: options.clone(),
        })
    }

    /// Layout of the input.
    #[must_use]
    pub fn input_layout(&self) -> &PlaneLayout {
        &self.geometry.input
    }

    /// Layout of the output.
    #[must_use]
    pub fn output_layout(&self) -> &PlaneLayout {
        &self.geometry.output
    }

    /// Lane type of the sums.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// The layer.
    #[must_use]
    pub fn shape(&self) -> &LayerShape {
        &self.shape
    }

    /// The instruction set.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.options.isa
    }

    /// The back end.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.body.engine()
    }

    /// Pixels of a block.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Blocks of a run: each executes every pass once.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Passes over the filters.
    #[must_use]
    pub fn passes(&self) -> usize {
        match &self.body {
            Body::Table(table) => table.passes(),
            _ => self.passes.len(),
        }
    }

    /// Blocks that the code of a pass runs over before the next pass.
    #[must_use]
    pub fn tile(&self) -> usize {
        self.tile
    }

    /// Bytes of machine code or of the index stream: the weights as the kernel holds them.
    #[must_use]
    pub fn code_bytes(&self) -> usize {
        self.body.bytes()
    }

    /// Vector operations of one block, all passes together.
    #[must_use]
    pub fn step_counts(&self) -> StepCounts {
        if let Body::Table(table) = &self.body {
            return table.counts();
        }
        let mut sum = StepCounts::default();
        for pass in &self.passes {
            let counts = pass.pass.counts();
            sum.adds += counts.adds;
            sum.tap_loads += counts.tap_loads;
            sum.slot_loads += counts.slot_loads;
            sum.slot_stores += counts.slot_stores;
            sum.finishes += counts.finishes;
            sum.flushes += counts.flushes;
        }
        sum
    }

    /// Memory reads and writes of a run's machine code; `None` without it. Widening of integer
    /// inputs is not in it.
    #[must_use]
    pub fn memory_accesses(&self) -> Option<(u64, u64)> {
        let (reads, writes) = self.body.accesses()?;
        let blocks = self.blocks() as u64;
        Some((reads * blocks, writes * blocks))
    }

    /// Instructions of a run; `None` without machine code. Widening of integer inputs, calls and
    /// loops are not in it.
    #[must_use]
    pub fn instructions(&self) -> Option<u64> {
        Some(self.body.instructions()? * self.blocks() as u64)
    }
}

/// Scale and bias of every filter.
pub(super) fn scales(weights: &QuantizedTensor, options: &KernelOptions) -> Vec<(f32, f32)> {
    let bias = |filter: usize| options.bias.get(filter).copied().unwrap_or(0.0);
    weights.scales().iter().enumerate().map(|(filter, scale)| (*scale, bias(filter))).collect()
}

/// Lane type and passes: 16-bit lanes where the programs can be cut into chunks.
fn passes(
    shape: &LayerShape,
    weights: &QuantizedTensor,
    programs: &[Arc<OpProgram>],
    options: &KernelOptions,
) -> Result<(Lane, Vec<GroupPass>)> {
    let (registers, accumulators) = registers(options.isa);
    let steps_a_chunk = match options.isa {
        Isa::Avx2 | Isa::Avx512 => STEPS_A_CHUNK,
        // Interpreted steps gain nothing from chunks.
        Isa::Scalar | Isa::Neon => usize::MAX,
    };
    let candidates: &[(Lane, Option<u32>)] = match options.activations {
        Activations::Fp32 => &[(Lane::F32, None)],
        Activations::Unsigned { bits } if options.isa != Isa::Scalar => {
            &[(Lane::I16, Some(weights_in_16_bits(bits))), (Lane::I32, None)]
        }
        Activations::Unsigned { .. } => &[(Lane::I32, None)],
    };
    for (lane, weights_a_chunk) in candidates {
        let limits =
            Limits { registers, accumulators, weights_a_chunk: *weights_a_chunk, steps_a_chunk };
        let groups = shape.groups as usize;
        let scheduled: Option<Vec<Vec<Pass>>> = programs
            .iter()
            .enumerate()
            .map(|(group, program)| schedule(program, weights.group(group, groups), limits))
            .collect();
        if let Some(scheduled) = scheduled {
            let passes = scheduled.into_iter().enumerate().flat_map(|(group, passes)| {
                passes.into_iter().map(move |pass| GroupPass { group: group as u32, pass })
            });
            return Ok((*lane, passes.collect()));
        }
    }
    Err(signloop_base::Error::Internal("no lane type holds the sums".into()))
}

/// Most steps of a chunk of columns that are swept: about 30 KB of code, a first-level cache. A
/// window of a trie is a chunk, whatever its steps.
const STEPS_A_CHUNK: usize = 4500;

/// Bytes of code for a step, to tell code that will exceed the second-level cache.
const BYTES_A_STEP: usize = 7;

/// Blocks that share the fetching of a chunk's code, where it comes from beyond the second-level
/// cache: a processor by itself fetches such code at 2 bytes a cycle (Golden Cove, measured).
fn fetchers(
    options: &KernelOptions,
    passes: &[GroupPass],
    blocks: usize,
    waiting: usize,
) -> Option<usize> {
    let steps: usize = passes.iter().map(|pass| pass.pass.steps.len()).sum();
    let far = steps * BYTES_A_STEP > options.cache_bytes / 4 * 3;
    let whole = passes.iter().all(|pass| pass.pass.chunks.len() == 1);
    let most = if whole { blocks } else { waiting };
    far.then(|| together(blocks, most))
}

/// Blocks that the code of a pass runs over before the next pass: as many as have their inputs in
/// half of the second-level cache, so that code and inputs are both fetched from near.
fn tile(options: &KernelOptions, geometry: &Geometry, groups: u64, vectors: usize) -> usize {
    let phases = geometry.input.stride * geometry.input.stride;
    let planes = (geometry.input.channels / groups * phases) as usize;
    // Neighbouring blocks share all but one vector of each row.
    let block = planes * options.isa.vector_bytes() * vectors;
    (options.cache_bytes / 2 / block.max(1)).max(4)
}
