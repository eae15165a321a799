//! Memory that a run needs beside input and output.

use super::{body::Body, buffer::Buffer, compiled::Kernel, portable::LANES};
use signloop_lower::{Activations, area};

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

impl Kernel {
    /// Scratch memory for runs on so many threads.
    #[must_use]
    pub fn workspace(&self, threads: usize) -> Workspace {
        Workspace::new(self, threads.max(1))
    }
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
