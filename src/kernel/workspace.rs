//! Memory that a run needs beside input and output.

use super::{buffer::Buffer, compiled::Kernel, lanes::Lane, options::Activations, portable::LANES};

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
    /// Slots and waiting sums of machine code.
    pub(super) bytes: Buffer<u8>,
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
    fn new(kernel: &Kernel, bytes: usize) -> Self {
        let slots = kernel.passes.iter().map(|pass| pass.pass.slots as usize).max().unwrap_or(0);
        Self {
            bytes: Buffer::new(bytes),
            fp32: Vec::with_capacity(slots),
            integers: Vec::with_capacity(slots),
        }
    }
}

/// Bytes of the widened input, and of one thread's scratch memory.
pub(super) fn sizes(kernel: &Kernel) -> (usize, usize) {
    let wide = match kernel.options.activations {
        Activations::Fp32 => 0,
        Activations::Unsigned { .. } => kernel.geometry.input.len() * kernel.lane.bytes(),
    };
    let halves = if kernel.lane == Lane::I16 { 2 } else { 1 };
    let vectors = kernel.passes.iter().map(|pass| {
        let waiting = if pass.pass.chunks > 1 { pass.pass.outputs.len() * halves } else { 0 };
        pass.pass.slots as usize + waiting
    });
    (wide, vectors.max().unwrap_or(0) * kernel.options.isa.vector_bytes())
}
