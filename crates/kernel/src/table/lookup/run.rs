//! Tables of partial sums of a layer, lowered once and run over tiles of blocks.

use super::{
    super::{
        place::Place,
        run::{chunk_weights, lane, lanes_of, live_lanes, tap_offsets, vectors},
    },
    job::Job,
    model,
    subset::{SubsetTables, TABLE_BYTES},
    tables::{GroupLimits, Lowered},
};
use signloop_lower::{Geometry, Isa, KernelOptions, Lane, StepCounts};
use signloop_method::OpProgram;

/// Lanes of a block: two vectors where there are 32 registers.
pub(in crate::table) fn block_lanes(isa: Isa, lane: Lane) -> usize {
    lanes_of(isa, lane, 2)
}

impl SubsetTables {
    /// Lowers the programs of a layer; `None` if one is of another form.
    pub(in crate::table) fn lower(
        options: &KernelOptions,
        geometry: &Geometry,
        programs: &[std::sync::Arc<OpProgram>],
    ) -> Option<Self> {
        let lane = lane(options.isa, options.activations);
        let taps = tap_offsets(geometry, lane)?;
        let lanes = block_lanes(options.isa, lane);
        let limits = GroupLimits {
            entries: TABLE_BYTES / (lanes * lane.bytes()),
            entry_bytes: lanes * lane.bytes(),
            weights: chunk_weights(options, lane),
        };
        let mut lowered = Lowered::default();
        for (group, program) in programs.iter().enumerate() {
            lowered.append(program, group as u32, &taps, limits)?;
        }
        let blocks = geometry.positions.div_ceil(lanes as u64) as usize;
        let live = live_lanes(geometry, blocks * lanes);
        Some(Self { lowered, live, isa: options.isa, lane, entries: limits.entries })
    }

    fn vectors(&self) -> usize {
        vectors(self.isa, self.lane, block_lanes(self.isa, self.lane))
    }

    pub(in crate::table) fn passes(&self) -> usize {
        self.lowered.passes.len()
    }

    /// Group of a pass.
    pub(in crate::table) fn group(&self, pass: usize) -> u32 {
        self.lowered.passes[pass].group
    }

    /// Bytes of the index streams.
    pub(in crate::table) fn bytes(&self) -> usize {
        self.lowered.stream.len() * 2 + self.lowered.counts.tap_loads as usize * 4
    }

    /// Vector operations of one block.
    pub(in crate::table) fn counts(&self) -> StepCounts {
        self.lowered.counts.times(self.vectors() as u64)
    }

    /// Modelled cycles of so many blocks.
    pub(in crate::table) fn cycles(&self, blocks: usize) -> f64 {
        (blocks * self.vectors()) as f64 * model::cycles(&self.lowered, self.lane)
    }

    /// Bytes of scratch memory: tables, sums of a chunk, and sums that wait.
    pub(in crate::table) fn scratch_bytes(&self) -> usize {
        let bytes = if self.lane == Lane::I16 { 2 + 4 } else { 4 };
        let rows = self.lowered.passes.iter().map(|pass| pass.rows).max().unwrap_or(0);
        block_lanes(self.isa, self.lane) * (self.entries * self.lane.bytes() + rows * bytes)
    }

    /// One pass over a tile of blocks.
    ///
    /// # Safety
    /// The processor has the instruction set. All addresses of the blocks lie in their planes, and
    /// the scratch memory has [`Self::scratch_bytes`].
    pub(in crate::table) unsafe fn run(&self, pass: usize, place: Place<'_>) {
        let pass = &self.lowered.passes[pass];
        let job = Job { tables: self, pass, place };
        // SAFETY: as promised by the caller; the tables were lowered for this set and lane.
        unsafe { job.dispatch(self.isa, self.lane) };
    }
}
