//! Tables of partial sums of a layer, lowered once and run over tiles of blocks.

use super::{
    super::{
        super::{
            buffer::Buffer,
            lanes::{Isa, Lane, weights_in_16_bits},
            layout::Geometry,
            options::{Activations, KernelOptions},
            schedule::StepCounts,
        },
        run::{Place, lane, live_lanes},
    },
    groups::GroupLimits,
    job::Job,
    lower::Lowered,
    model,
};
use crate::method::OpProgram;

/// Tables of partial sums of a layer.
#[derive(Debug)]
pub(in crate::kernel) struct SubsetTables {
    pub(super) lowered: Lowered,
    /// All bits set at positions that are pixels of the output.
    pub(super) live: Buffer<u32>,
    isa: Isa,
    lane: Lane,
    /// Entries of the largest group.
    pub(super) entries: usize,
}

/// Bytes of the first-level cache that tables take: the rest is for sums and inputs.
pub(super) const TABLE_BYTES: usize = 32 << 10;

/// Lanes of a block: two vectors where there are 32 registers.
pub(in crate::kernel::table) fn block_lanes(isa: Isa, lane: Lane) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => 2 * isa.vector_bytes() / lane.bytes(),
        Isa::Avx2 => isa.vector_bytes() / lane.bytes(),
        Isa::Scalar => 8,
    }
}

impl SubsetTables {
    /// Lowers the programs of a layer; `None` if one is of another form.
    pub(in crate::kernel::table) fn lower(
        options: &KernelOptions,
        geometry: &Geometry,
        programs: &[std::sync::Arc<OpProgram>],
    ) -> Option<Self> {
        let lane = lane(options.isa, options.activations);
        let taps: Option<Vec<i32>> = geometry
            .taps
            .iter()
            .map(|tap| i32::try_from(tap.checked_mul(lane.bytes() as u64)?).ok())
            .collect();
        let taps = taps?;
        let lanes = block_lanes(options.isa, lane);
        let limits = GroupLimits {
            entries: TABLE_BYTES / (lanes * lane.bytes()),
            entry_bytes: lanes * lane.bytes(),
            weights: match options.activations {
                Activations::Unsigned { bits } if lane == Lane::I16 => {
                    Some(weights_in_16_bits(bits))
                }
                _ => None,
            },
        };
        let mut lowered = Lowered::default();
        for (group, program) in programs.iter().enumerate() {
            lowered.append(program, group as u32, &taps, limits)?;
        }
        let blocks = geometry.positions.div_ceil(lanes as u64) as usize;
        let live = live_lanes(geometry, blocks * lanes);
        Some(Self { lowered, live, isa: options.isa, lane, entries: limits.entries })
    }

    pub(in crate::kernel::table) fn lanes(&self) -> usize {
        block_lanes(self.isa, self.lane)
    }

    pub(in crate::kernel::table) fn passes(&self) -> usize {
        self.lowered.passes.len()
    }

    /// Group of a pass.
    pub(in crate::kernel::table) fn group(&self, pass: usize) -> u32 {
        self.lowered.passes[pass].group
    }

    /// Bytes of the index streams.
    pub(in crate::kernel::table) fn bytes(&self) -> usize {
        self.lowered.stream.len() * 2 + self.lowered.counts.tap_loads as usize * 4
    }

    /// Vector operations of one block.
    pub(in crate::kernel::table) fn counts(&self) -> StepCounts {
        let vectors = (self.lanes() * self.lane.bytes()).div_ceil(self.isa.vector_bytes()) as u64;
        let counts = self.lowered.counts;
        StepCounts {
            adds: counts.adds * vectors,
            tap_loads: counts.tap_loads * vectors,
            slot_loads: counts.slot_loads * vectors,
            slot_stores: counts.slot_stores * vectors,
            finishes: counts.finishes * vectors,
            flushes: counts.flushes * vectors,
        }
    }

    /// Modelled cycles of so many blocks.
    pub(in crate::kernel::table) fn cycles(&self, blocks: usize) -> f64 {
        let vectors = (self.lanes() * self.lane.bytes()).div_ceil(self.isa.vector_bytes());
        (blocks * vectors) as f64 * model::cycles(&self.lowered, self.lane)
    }

    /// Bytes of scratch memory: tables, sums of a chunk, and sums that wait.
    pub(in crate::kernel::table) fn scratch_bytes(&self) -> usize {
        let bytes = if self.lane == Lane::I16 { 2 + 4 } else { 4 };
        let rows = self.lowered.passes.iter().map(|pass| pass.rows).max().unwrap_or(0);
        self.lanes() * (self.entries * self.lane.bytes() + rows * bytes)
    }

    /// One pass over a tile of blocks.
    ///
    /// # Safety
    /// The processor has the instruction set. All addresses of the blocks lie in their planes, and
    /// the scratch memory has [`Self::scratch_bytes`].
    pub(in crate::kernel::table) unsafe fn run(&self, pass: usize, place: Place<'_>) {
        let pass = &self.lowered.passes[pass];
        let job = Job { tables: self, pass, place };
        // SAFETY: as promised by the caller; the tables were lowered for this set and lane.
        unsafe { job.dispatch(self.isa, self.lane) };
    }
}
