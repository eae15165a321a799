//! Memory that a run needs beside input and output.

use super::{
    buffer::Buffer,
    compiled::{GroupPass, Kernel},
    execute::Body,
    lanes::Lane,
    options::{Activations, KernelOptions},
    portable::LANES,
};

/// Scratch memory of one kernel; one run at a time.
#[derive(Debug)]
pub struct Workspace {
    /// Activations widened to the lanes (integers).
    pub(super) wide: Buffer<u8>,
    /// One a thread.
    pub(super) scratch: Vec<Scratch>,
    /// Bytes of `wide` and of a part, to tell another kernel's workspace.
    pub(super) sizes: (usize, usize),
}

/// Scratch memory of one thread.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Slots and waiting sums of machine code, for every block whose sums wait.
    pub(super) bytes: Buffer<u8>,
    /// Bytes of one block.
    #[cfg_attr(
        not(all(target_arch = "x86_64", unix)),
        expect(dead_code, reason = "read by machine code alone")
    )]
    pub(super) area: usize,
    /// Slots of the portable back end.
    pub(super) fp32: Vec<[f32; LANES]>,
    /// See `fp32`.
    pub(super) integers: Vec<[i32; LANES]>,
}

impl Workspace {
    pub(super) fn new(kernel: &Kernel, threads: usize) -> Self {
        let sizes = sizes(kernel);
        Self {
            wide: Buffer::new(sizes.0),
            scratch: (0..threads).map(|_| Scratch::new(kernel, sizes.1)).collect(),
            sizes,
        }
    }

    /// Threads that a run may use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.scratch.len()
    }
}

impl Scratch {
    fn new(kernel: &Kernel, area: usize) -> Self {
        let slots = kernel.passes.iter().map(|pass| pass.pass.slots as usize).max().unwrap_or(0);
        Self {
            bytes: Buffer::new(area * kernel.waiting),
            area,
            fp32: Vec::with_capacity(slots),
            integers: Vec::with_capacity(slots),
        }
    }
}

/// Bytes of the widened input, and of the scratch memory of one block.
pub(super) fn sizes(kernel: &Kernel) -> (usize, usize) {
    let wide = match kernel.options.activations {
        Activations::Fp32 => 0,
        Activations::Unsigned { .. } => kernel.geometry.input.len() * kernel.lane.bytes(),
    };
    if let Body::Table(table) = &kernel.body {
        return (wide, table.scratch_bytes(kernel.tile));
    }
    (wide, area(kernel.lane, &kernel.passes) * kernel.options.isa.vector_bytes())
}

/// Vectors of scratch memory of one block.
fn area(lane: Lane, passes: &[GroupPass]) -> usize {
    let halves = if lane == Lane::I16 { 2 } else { 1 };
    let vectors = passes.iter().map(|pass| {
        let waiting = if pass.pass.chunks.len() > 1 { pass.pass.outputs.len() * halves } else { 0 };
        pass.pass.slots as usize + waiting
    });
    vectors.max().unwrap_or(0)
}

/// Bytes of the first-level cache that waiting sums may take.
const WAITING_BYTES: usize = 8192;

/// Blocks that code runs over before the next chunk: equal parts of at most `most`.
pub(super) fn together(blocks: usize, most: usize) -> usize {
    blocks.div_ceil(blocks.div_ceil(most).max(1)).max(1)
}

/// Blocks whose sums wait while the code of a chunk runs over them.
pub(super) fn waiting(options: &KernelOptions, lane: Lane, passes: &[GroupPass]) -> usize {
    if passes.iter().all(|pass| pass.pass.chunks.len() == 1) {
        return 1;
    }
    let bytes = area(lane, passes) * options.isa.vector_bytes();
    (WAITING_BYTES / bytes.max(1)).clamp(2, 64)
}
