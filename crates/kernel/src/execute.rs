//! Running a kernel: the one place where machine code is called and planes are written unseen.

#![expect(
    unsafe_code,
    reason = "machine code is called, and threads write parts of planes that interleave"
)]

use rayon::prelude::*;

#[cfg(all(target_arch = "x86_64", unix))]
use super::x86::Executable;
use super::{
    body::Body,
    compiled::Kernel,
    operands::{Input, Output},
    portable::{self, LANES, Stored},
    table::Place,
    widen::widen,
    workspace::{self, Scratch, Workspace},
};
use signloop_base::diagnostics::Problem;
#[cfg(all(target_arch = "x86_64", unix))]
use signloop_lower::together;
use signloop_lower::{Activations, Finish, Finishing, GroupPass, Lane};

/// Addresses that all threads share. Threads write disjoint values of the output.
#[derive(Clone, Copy)]
struct Planes {
    /// First input plane, in lanes.
    input: *const u8,
    /// First output plane.
    output: *mut u8,
}

// SAFETY: `input` is only read while a run borrows it; every task writes its own blocks of its own
// filters of `output`, which the run borrows uniquely.
unsafe impl Send for Planes {}
// SAFETY: as above.
unsafe impl Sync for Planes {}

impl Kernel {
    /// Runs the layer; nothing is allocated.
    ///
    /// # Errors
    /// Input or output has another type or length than the kernel's, or the workspace is that of
    /// another kernel.
    pub fn run(
        &self,
        input: Input<'_>,
        output: Output<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), Problem> {
        run(self, input, output, workspace)
    }
}

/// Checks types and lengths, widens the input, and runs all passes over all blocks.
fn run(
    kernel: &Kernel,
    input: Input<'_>,
    output: Output<'_>,
    workspace: &mut Workspace,
) -> Result<(), Problem> {
    let (length, out_length) = (kernel.geometry.input.len(), kernel.geometry.output.len());
    let wrong = |what: &str| Err(Problem::new(format!("the {what} is not of this kernel")));
    if workspace.sizes != workspace::sizes(kernel) {
        return wrong("workspace");
    }
    let input = match (kernel.options.activations, input) {
        (Activations::Fp32, Input::Fp32(planes)) if planes.len() == length => {
            planes.as_ptr().cast::<u8>()
        }
        (Activations::Unsigned { .. }, Input::Unsigned(planes)) if planes.len() == length => {
            widen(planes, &mut workspace.wide, kernel.lane, workspace.scratch.len());
            workspace.wide.as_ptr()
        }
        _ => return wrong("input"),
    };
    let output = match (kernel.options.finishing, output) {
        (Finishing::Scaled | Finishing::Relu, Output::Fp32(planes))
            if planes.len() == out_length =>
        {
            planes.as_mut_ptr().cast::<u8>()
        }
        (Finishing::Sums, Output::Sums(planes)) if planes.len() == out_length => {
            planes.as_mut_ptr().cast::<u8>()
        }
        (Finishing::Requantised, Output::Unsigned(planes)) if planes.len() == out_length => {
            planes.as_mut_ptr()
        }
        _ => return wrong("output"),
    };
    let planes = Planes { input, output };
    let (blocks, passes) = (kernel.blocks(), kernel.passes());
    let threads = workspace.scratch.len();
    if threads == 1 {
        part(kernel, planes, 0..passes, 0..blocks, &mut workspace.scratch[0]);
        return Ok(());
    }
    let by_blocks = !share_passes(kernel, length, threads);
    let share =
        |total: usize, thread: usize| total * thread / threads..total * (thread + 1) / threads;
    workspace.scratch.par_iter_mut().enumerate().for_each(|(thread, scratch)| {
        if by_blocks {
            part(kernel, planes, 0..passes, share(blocks, thread), scratch);
        } else {
            part(kernel, planes, share(passes, thread), 0..blocks, scratch);
        }
    });
    Ok(())
}

/// Whether threads share the passes, each with its own code and all inputs, or the blocks, each
/// with all code and its own inputs: what is larger is shared, if that gives each about as much.
fn share_passes(kernel: &Kernel, input_length: usize, threads: usize) -> bool {
    let even =
        |parts: usize| parts >= threads && parts.div_ceil(threads) * threads * 3 <= parts * 4;
    let (blocks, passes) = (even(kernel.blocks()), even(kernel.passes()));
    match (blocks, passes) {
        (true, true) => kernel.code_bytes() > input_length * kernel.lane.bytes(),
        (true, false) => false,
        (false, true) => true,
        (false, false) => kernel.blocks() < 2 * threads,
    }
}

/// Some passes over some blocks, a tile of blocks at a time.
fn part(
    kernel: &Kernel,
    planes: Planes,
    passes: std::ops::Range<usize>,
    blocks: std::ops::Range<usize>,
    scratch: &mut Scratch,
) {
    let lanes = kernel.lanes();
    let geometry = &kernel.geometry;
    let lead = geometry.output.index(0, 0, 0, 0) as usize;
    let phases = geometry.input.stride * geometry.input.stride;
    let channels = kernel.shape.in_channels / kernel.shape.groups;
    let (in_bytes, out_bytes) = (kernel.lane.bytes(), kernel.options.finishing.bytes());
    let mut start = blocks.start;
    while start < blocks.end {
        let end = (start + kernel.tile).min(blocks.end);
        for pass in passes.clone() {
            let group = u64::from(match &kernel.body {
                Body::Table(table) => table.group(pass),
                _ => kernel.passes[pass].group,
            });
            let first = (group * channels * phases * geometry.input.plane) as usize;
            let place = |block: usize| {
                // SAFETY: a block begins within the first plane of its group, whose taps stay in
                // the buffer by the construction of `Geometry`; `run` checked the lengths.
                let input = unsafe { planes.input.add((first + block * lanes) * in_bytes) };
                // SAFETY: likewise the first output plane.
                let output = unsafe { planes.output.add((lead + block * lanes) * out_bytes) };
                Planes { input, output }
            };
            match &kernel.body {
                #[cfg(all(target_arch = "x86_64", unix))]
                Body::Code { memory, entries, constants, .. } => {
                    let code = Code { kernel, memory, entries, constants };
                    code.run(pass, start..end, place, scratch);
                }
                Body::Table(table) => {
                    let at = place(start);
                    let filters = (kernel.shape.out_channels / kernel.shape.groups) as usize;
                    let first_filter = group as usize * filters;
                    let place = Place {
                        input: at.input,
                        output: at.output,
                        scratch: scratch.bytes.as_mut_ptr(),
                        blocks: (start, end),
                        plane: geometry.output.plane as usize,
                        scales: &kernel.scales[first_filter..first_filter + filters],
                        first_filter,
                        finishing: kernel.options.finishing,
                        greatest: kernel.options.activations.greatest(),
                    };
                    // SAFETY: the instruction set was checked at build; `Geometry` has room for
                    // whole blocks of this table's lanes, and the workspace for a tile of them.
                    unsafe { table.run(pass, place) };
                }
                Body::Portable => {
                    (start..end)
                        .for_each(|block| interpret(kernel, pass, block, place(block), scratch));
                }
            }
        }
        start = end;
    }
}

/// Machine code of a layer.
#[cfg(all(target_arch = "x86_64", unix))]
struct Code<'a> {
    kernel: &'a Kernel,
    memory: &'a Executable,
    /// Where each chunk of each pass begins.
    entries: &'a [Vec<usize>],
    constants: &'a [u32],
}

#[cfg(all(target_arch = "x86_64", unix))]
impl Code<'_> {
    /// One pass over a tile of blocks, which begin at their places.
    fn run(
        &self,
        pass: usize,
        range: std::ops::Range<usize>,
        place: impl Fn(usize) -> Planes,
        scratch: &mut Scratch,
    ) {
        let mut run = |entry: usize, block: usize, part: usize, ahead: *const u8| {
            // SAFETY: the address is the start of code that `Emitter::pass` wrote with
            // this signature; it returns with stack and callee-saved registers as
            // before.
            let code: PassCode = unsafe { std::mem::transmute(self.memory.at(entry)) };
            let at = place(block);
            let mask = self.kernel.masks.record(block).as_ptr();
            let scratch = scratch.bytes[part * scratch.area..].as_mut_ptr();
            let constants = self.constants.as_ptr();
            // SAFETY: the instruction set was checked at build; every address that the
            // code reads or writes lies in the input planes, the output planes, the
            // constants, this block's part of the scratch memory or the mask record;
            // `ahead` is only prefetched from, which may be done at any address.
            unsafe { code(at.input, at.output, constants, scratch, mask, ahead) };
        };
        // The code of a chunk runs over several blocks while it is near, and their
        // sums wait. Meanwhile the blocks fetch the next chunk's code, a part each.
        let chunks = &self.entries[pass];
        let most = if chunks.len() == 1 { range.len() } else { self.kernel.waiting };
        let together = together(range.len(), most);
        let following = self.entries[(pass + 1) % self.entries.len()][0];
        for first in range.clone().step_by(together) {
            let blocks = first..range.end.min(first + together);
            for (at, entry) in chunks.iter().enumerate() {
                let next = chunks.get(at + 1).copied().unwrap_or(following);
                let share = next.saturating_sub(*entry) / blocks.len();
                for block in blocks.clone() {
                    let part = block - first;
                    let ahead = self.memory.at(next).wrapping_add(share * part);
                    let slot = if chunks.len() == 1 { 0 } else { part };
                    run(*entry, block, slot, ahead);
                }
            }
        }
    }
}

/// Code of a pass: input, output, constants, scratch, mask record, code to fetch.
#[cfg(all(target_arch = "x86_64", unix))]
type PassCode =
    unsafe extern "sysv64" fn(*const u8, *mut u8, *const u32, *mut u8, *const u8, *const u8);

/// One pass over one block, step by step; the lanes are 32 bits wide.
fn interpret(kernel: &Kernel, pass: usize, block: usize, at: Planes, scratch: &mut Scratch) {
    let GroupPass { group, pass } = &kernel.passes[pass];
    let first = u64::from(*group) * (kernel.shape.out_channels / kernel.shape.groups);
    let mask = kernel.masks.bits(block);
    let finishing = kernel.options.finishing;
    let store = |output: u32, lane: usize, value: Stored| {
        let plane = (first + u64::from(output)) * kernel.geometry.output.plane;
        let place = plane as usize + lane;
        let live = mask >> lane & 1 == 1;
        // SAFETY: this lane of this block in this filter's plane lies in the output planes, no
        // other task writes it, and the output's type is that of the finishing.
        unsafe {
            match value {
                Stored::Sum(sum) => {
                    at.output.cast::<i32>().add(place).write(if live { sum } else { 0 })
                }
                Stored::Scaled(value) => {
                    at.output.cast::<f32>().add(place).write(if live { value } else { 0.0 });
                }
                Stored::Byte(byte) => at.output.add(place).write(if live { byte } else { 0 }),
            }
        }
    };
    let taps = &kernel.geometry.taps;
    let scale = |finish: &Finish| {
        let (scale, bias) = kernel.scales[first as usize + finish.output as usize];
        let sign = if finish.negative { -1.0 } else { 1.0 };
        (scale * sign * f32::from(finish.factor), bias)
    };
    if kernel.lane == Lane::F32 {
        // SAFETY: the lanes of a block at a tap lie in the input planes, see `Geometry`.
        let tap = |tap: u32| unsafe {
            at.input
                .cast::<f32>()
                .add(taps[tap as usize] as usize)
                .cast::<[f32; LANES]>()
                .read_unaligned()
        };
        portable::run(pass, &mut scratch.fp32, tap, |finish, sums: [f32; LANES]| {
            let (scale, bias) = scale(finish);
            for (lane, sum) in sums.into_iter().enumerate() {
                store(finish.output, lane, portable::fp32_value(sum, scale, bias, finishing));
            }
        });
    } else {
        // SAFETY: as above.
        let tap = |tap: u32| unsafe {
            at.input
                .cast::<i32>()
                .add(taps[tap as usize] as usize)
                .cast::<[i32; LANES]>()
                .read_unaligned()
        };
        portable::run(pass, &mut scratch.integers, tap, |finish, sums: [i32; LANES]| {
            let (scale, bias) = scale(finish);
            for (lane, sum) in sums.into_iter().enumerate() {
                let whole = if finish.negative { -sum } else { sum };
                let (sum, scale) = match finishing {
                    Finishing::Sums => (whole, scale),
                    _ => (sum, scale),
                };
                store(finish.output, lane, portable::integer_value(sum, scale, bias, finishing));
            }
        });
    }
}
