//! Running a table over blocks of pixels.

use super::{
    classes::ROWS,
    job::Job,
    lower::{ChunkLimits, Tables},
    place::Place,
};
use crate::buffer::Buffer;
use signloop_lower::{
    Activations, Geometry, Isa, KernelOptions, Lane, StepCounts, weights_in_16_bits,
};
use signloop_method::OpProgram;

/// The tables of a layer.
#[derive(Debug)]
pub(crate) struct PatternTable {
    tables: Tables,
    /// All bits set at positions that are pixels of the output.
    live: Buffer<u32>,
    isa: Isa,
    lane: Lane,
}

/// Bytes of the first-level cache that a chunk's columns may take: most of 32 KiB.
const NEAR_BYTES: usize = 28 << 10;

/// Cycles of one vector of a column, ends of sums included. Source: measured, Zen 4 and Golden
/// Cove, 3×3 layers of ResNet-18 (2.0 to 2.5).
pub(crate) const CYCLES_PER_LOAD: f64 = 2.1;
/// The same for 16-bit lanes, whose sums are widened. Source: as above, Golden Cove (2.8 to 3.4).
const CYCLES_PER_SHORT_LOAD: f64 = 2.8;
/// Cycles of a list that a branch predictor has not learned yet. Source: measured, 512x7, Zen 4
/// and Golden Cove.
pub(crate) const CYCLES_PER_NEW_LIST: f64 = 20.0;

/// Lanes of a block of the table-driven kernel: three vectors where there are 32 registers.
pub(crate) fn block_lanes(isa: Isa, lane: Lane) -> usize {
    lanes_of(isa, lane, 3)
}

/// Lanes of a block of so many vectors where there are 32 registers, and of one elsewhere.
pub(super) fn lanes_of(isa: Isa, lane: Lane, vectors: usize) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => vectors * isa.vector_bytes() / lane.bytes(),
        Isa::Avx2 => isa.vector_bytes() / lane.bytes(),
        Isa::Scalar => 8,
    }
}

/// Vectors of a block.
pub(crate) fn vectors(isa: Isa, lane: Lane, lanes: usize) -> usize {
    (lanes * lane.bytes()).div_ceil(isa.vector_bytes())
}

/// Byte offsets of the inputs; `None` beyond 2 GiB.
pub(super) fn tap_offsets(geometry: &Geometry, lane: Lane) -> Option<Vec<i32>> {
    let taps = geometry.taps.iter();
    taps.map(|tap| i32::try_from(tap.checked_mul(lane.bytes() as u64)?).ok()).collect()
}

/// Weights ±1 that a row may add before its sum leaves the lanes' range.
pub(super) fn chunk_weights(options: &KernelOptions, lane: Lane) -> Option<u32> {
    match options.activations {
        Activations::Unsigned { bits } if lane == Lane::I16 => Some(weights_in_16_bits(bits)),
        _ => None,
    }
}

/// Lanes that hold the sums of a chunk: 16 bits where there are vectors.
pub(crate) fn lane(isa: Isa, activations: Activations) -> Lane {
    match (activations, isa) {
        (Activations::Fp32, _) => Lane::F32,
        (_, Isa::Scalar) => Lane::I32,
        _ => Lane::I16,
    }
}

/// All bits set at positions that are pixels of the output.
pub(super) fn live_lanes(geometry: &Geometry, positions: usize) -> Buffer<u32> {
    let mut live = Buffer::new(positions);
    for (position, live) in live.iter_mut().enumerate() {
        *live = if geometry.is_pixel(position as u64) { u32::MAX } else { 0 };
    }
    live
}

impl PatternTable {
    /// Lowers the programs of a layer; `None` if one is of another form, or an offset exceeds
    /// 2 GiB.
    pub(crate) fn lower(
        options: &KernelOptions,
        geometry: &Geometry,
        programs: &[std::sync::Arc<OpProgram>],
        kernel_width: u64,
    ) -> Option<Self> {
        let lane = lane(options.isa, options.activations);
        let taps = tap_offsets(geometry, lane)?;
        let lanes = block_lanes(options.isa, lane);
        // The columns of one kernel row read neighbouring lines.
        let lines = (lanes * lane.bytes()).div_ceil(64) + 1;
        let weights = chunk_weights(options, lane);
        let near = NEAR_BYTES * kernel_width as usize / (lines * 64);
        let blocks = geometry.positions.div_ceil(lanes as u64) as usize;
        // A branch predictor learns the ends of lists from block to block: where there are few
        // blocks, few long lists are better than cache hits.
        let columns = if blocks < FEW_BLOCKS { near.max(1152) } else { near };
        let limits = ChunkLimits { columns, weights };
        let mut tables = Tables::default();
        for (group, program) in programs.iter().enumerate() {
            tables.append(program, group as u32, &taps, limits)?;
        }
        let live = live_lanes(geometry, blocks * lanes);
        Some(Self { tables, live, isa: options.isa, lane })
    }

    pub(crate) fn passes(&self) -> usize {
        self.tables.passes.len()
    }

    /// Bytes of the index stream.
    pub(crate) fn bytes(&self) -> usize {
        self.tables.stream.len() * 4
    }

    /// Vector operations of one block.
    pub(crate) fn counts(&self) -> StepCounts {
        let lanes = block_lanes(self.isa, self.lane);
        self.tables.counts.times(vectors(self.isa, self.lane, lanes) as u64)
    }

    /// Modelled cycles of so many blocks.
    pub(super) fn cycles(&self, blocks: usize) -> f64 {
        let loads = self.counts().tap_loads as f64 * blocks as f64;
        let each = if self.lane == Lane::I16 { CYCLES_PER_SHORT_LOAD } else { CYCLES_PER_LOAD };
        let lists = self.tables.stream.iter().filter(|entry| **entry < 0).count() as f64;
        loads * each + lists * CYCLES_PER_NEW_LIST
    }

    /// Bytes of scratch memory for tiles of so many blocks: sums of a chunk, and those that wait.
    pub(crate) fn scratch_bytes(&self, tile: usize) -> usize {
        let bytes = if self.lane == Lane::I16 { 2 + 4 } else { 4 };
        ROWS * block_lanes(self.isa, self.lane) * bytes * tile
    }
}

/// Most blocks of a tile: enough to teach a branch predictor the ends of lists, few enough that
/// waiting sums stay near.
pub(crate) const MOST_BLOCKS: usize = 32;

/// Blocks below which a pass runs too few times to teach a branch predictor.
const FEW_BLOCKS: usize = 8;

impl PatternTable {
    /// Group of a pass.
    pub(crate) fn group(&self, pass: usize) -> u32 {
        self.tables.passes[pass].group
    }

    /// One pass over a tile of blocks.
    ///
    /// # Safety
    /// The processor has the instruction set. All addresses of the blocks lie in their planes, and
    /// the scratch memory has [`Self::scratch_bytes`] for the number of blocks.
    pub(crate) unsafe fn run(&self, pass: usize, place: Place<'_>) {
        let pass = &self.tables.passes[pass];
        for (at, chunk) in pass.chunks.iter().enumerate() {
            let job = Job {
                pass,
                chunk,
                stream: self.tables.stream[chunk.start..].as_ptr(),
                first: at == 0,
                last: at + 1 == pass.chunks.len(),
                live: &self.live,
                place,
            };
            // SAFETY: as promised by the caller; the table was lowered for this set and lane.
            unsafe { job.dispatch(self.isa, self.lane) };
        }
    }
}
