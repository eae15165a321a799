//! Either form of tables, as a kernel runs it.

use std::sync::Arc;

use super::{
    lookup::{self, SubsetTables},
    place::Place,
    run::{self, MOST_BLOCKS, PatternTable, lane},
};
use signloop_base::Result;
use signloop_lower::{Geometry, KernelOptions, Lane, StepCounts};
use signloop_method::OpProgram;
use signloop_network::workload::LayerShape;

/// The tables of a layer.
#[derive(Debug)]
pub(crate) enum TableKernel {
    /// Columns of a pattern are summed once for many filters.
    Patterns(PatternTable),
    /// Filters add one partial sum for every tile of columns.
    Subsets(SubsetTables),
}

/// What a layer was lowered to.
pub(crate) struct Lowered {
    pub(crate) table: TableKernel,
    pub(crate) geometry: Geometry,
    pub(crate) lane: Lane,
    /// Pixels of a block.
    pub(crate) lanes: usize,
}

impl Lowered {
    /// Modelled cycles of a run.
    pub(crate) fn cycles(&self) -> f64 {
        self.table.cycles(self.geometry.positions.div_ceil(self.lanes as u64) as usize)
    }
}

impl TableKernel {
    /// Lowers the programs of a layer; `None` if no form holds them.
    ///
    /// # Errors
    /// The layer is too large to address.
    pub(crate) fn lower(
        options: &KernelOptions,
        shape: &LayerShape,
        programs: &[Arc<OpProgram>],
    ) -> Result<Option<Lowered>> {
        let lane = lane(options.isa, options.activations);
        let line = 64 / lane.bytes() as u64;
        let geometry =
            |lanes: usize| Geometry::new(shape, options.output_padding, line, lanes as u64);
        let lanes = run::block_lanes(options.isa, lane);
        let own = geometry(lanes)?;
        if let Some(table) = PatternTable::lower(options, &own, programs, shape.kernel_width) {
            let table = Self::Patterns(table);
            return Ok(Some(Lowered { table, geometry: own, lane, lanes }));
        }
        let lanes = lookup::block_lanes(options.isa, lane);
        let own = geometry(lanes)?;
        let table = SubsetTables::lower(options, &own, programs).map(Self::Subsets);
        Ok(table.map(|table| Lowered { table, geometry: own, lane, lanes }))
    }

    /// Blocks of a tile at most.
    pub(crate) fn most_blocks(&self) -> usize {
        match self {
            Self::Patterns(_) => MOST_BLOCKS,
            // All passes fill their tables block by block.
            Self::Subsets(_) => usize::MAX,
        }
    }

    pub(crate) fn passes(&self) -> usize {
        match self {
            Self::Patterns(table) => table.passes(),
            Self::Subsets(table) => table.passes(),
        }
    }

    /// Group of a pass.
    pub(crate) fn group(&self, pass: usize) -> u32 {
        match self {
            Self::Patterns(table) => table.group(pass),
            Self::Subsets(table) => table.group(pass),
        }
    }

    /// Modelled cycles of so many blocks.
    pub(crate) fn cycles(&self, blocks: usize) -> f64 {
        match self {
            Self::Patterns(table) => table.cycles(blocks),
            Self::Subsets(table) => table.cycles(blocks),
        }
    }

    /// Bytes of the index streams.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Patterns(table) => table.bytes(),
            Self::Subsets(table) => table.bytes(),
        }
    }

    /// Vector operations of one block.
    pub(crate) fn counts(&self) -> StepCounts {
        match self {
            Self::Patterns(table) => table.counts(),
            Self::Subsets(table) => table.counts(),
        }
    }

    /// Bytes of scratch memory for tiles of so many blocks.
    pub(crate) fn scratch_bytes(&self, tile: usize) -> usize {
        match self {
            Self::Patterns(table) => table.scratch_bytes(tile),
            Self::Subsets(table) => table.scratch_bytes(),
        }
    }

    /// One pass over a tile of blocks.
    ///
    /// # Safety
    /// The processor has the instruction set. All addresses of the blocks lie in their planes, and
    /// the scratch memory has [`Self::scratch_bytes`] for the number of blocks.
    pub(crate) unsafe fn run(&self, pass: usize, place: Place<'_>) {
        // SAFETY: as promised by the caller.
        unsafe {
            match self {
                Self::Patterns(table) => table.run(pass, place),
                Self::Subsets(table) => table.run(pass, place),
            }
        }
    }
}
