//! A loop nest as data: loops, and the memory regions that each iteration touches.
//!
//! The same nest feeds the analysis (`residency`) and the address trace (`trace`), so that the
//! cache oracle checks exactly what the model computes. All offsets are affine in the loop
//! indices; buffers do not overlap.

use crate::cost::Tensor;
use signloop_base::{Error, Result};

/// A loop of the nest.
#[derive(Debug, Clone)]
pub struct Loop {
    /// Name as in the documentation.
    pub name: &'static str,
    /// Iterations, at least one.
    pub trips: u64,
}

/// A statement: a loop over statements, or a touch.
#[derive(Debug, Clone)]
pub enum Node {
    /// Runs its body once an iteration.
    Loop(usize, Vec<Node>),
    /// Touches a region.
    Touch(usize),
}

/// What a touch does to its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads only.
    Read,
    /// Writes, after a write-allocate fill if the line is absent.
    Write,
}

/// A region: `bytes` contiguous bytes, repeated along `repeats`, moved by the loops of `path`.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The buffer touched.
    pub buffer: usize,
    /// Reading or writing.
    pub access: Access,
    /// Bytes of one run.
    pub bytes: u64,
    /// Further dimensions of the tile: count and pitch in bytes.
    pub repeats: Vec<(u64, u64)>,
    /// Enclosing loops, outermost first.
    pub path: Vec<usize>,
    /// Bytes that one iteration of each enclosing loop moves the region.
    pub steps: Vec<u64>,
    /// A loop that is no part of `path` because the touch runs only in its last iteration.
    pub last_of: Option<usize>,
}

/// A buffer in memory.
#[derive(Debug, Clone)]
pub struct Buffer {
    /// Whose bytes it holds.
    pub tensor: Tensor,
    /// First address; a multiple of the line size.
    pub base: u64,
}

/// The loop nest of one layer.
#[derive(Debug, Clone, Default)]
pub struct Nest {
    /// All loops.
    pub loops: Vec<Loop>,
    /// All touches.
    pub touches: Vec<Touch>,
    /// All buffers.
    pub buffers: Vec<Buffer>,
    /// The outermost statements.
    pub body: Vec<Node>,
    end: u64,
}

impl Nest {
    /// Adds a loop and returns its index.
    pub fn add_loop(&mut self, name: &'static str, trips: u64) -> usize {
        self.loops.push(Loop { name, trips });
        self.loops.len() - 1
    }

    /// Adds a buffer behind the others, on a line boundary, and returns its index.
    ///
    /// # Errors
    /// The addresses leave 62 bits.
    pub fn add_buffer(&mut self, tensor: Tensor, bytes: u64, line: u64) -> Result<usize> {
        let base = self.end;
        self.end = bytes
            .checked_next_multiple_of(line)
            .and_then(|bytes| base.checked_add(bytes))
            .filter(|end| *end < 1 << 62)
            .ok_or(Error::Overflow("bytes of a layer"))?;
        self.buffers.push(Buffer { tensor, base });
        Ok(self.buffers.len() - 1)
    }

    /// Adds a touch and returns its index.
    pub fn add_touch(
        &mut self,
        buffer: usize,
        access: Access,
        tile: (u64, &[(u64, u64)]),
        path: &[(usize, u64)],
    ) -> usize {
        self.touches.push(Touch {
            buffer,
            access,
            bytes: tile.0,
            repeats: tile.1.to_vec(),
            path: path.iter().map(|(index, _)| *index).collect(),
            steps: path.iter().map(|(_, step)| *step).collect(),
            last_of: None,
        });
        self.touches.len() - 1
    }

    /// The region of a touch with the loops from depth `depth` of its path on unrolled, and one
    /// more dimension.
    #[must_use]
    pub fn region(&self, touch: &Touch, depth: usize, more: (u64, u64), line: u64) -> Region {
        let inner = touch.path[depth..]
            .iter()
            .zip(&touch.steps[depth..])
            .map(|(index, step)| (self.loops[*index].trips, *step));
        let dims: Vec<(u64, u64)> =
            touch.repeats.iter().copied().chain(inner).chain([more]).collect();
        Region::merged(self.buffers[touch.buffer].base, touch.bytes, dims, line)
    }
}

/// A union of equal runs of bytes on a regular grid.
#[derive(Debug, Clone)]
pub struct Region {
    /// Address of the first run.
    pub base: u64,
    /// Bytes of a run.
    pub bytes: u64,
    /// Dimensions that could not be merged into the run: count and pitch, ascending.
    pub dims: Vec<(u64, u64)>,
}

impl Region {
    /// Merges dimensions that touch, overlap or share lines into longer runs.
    #[must_use]
    pub fn merged(base: u64, bytes: u64, mut dims: Vec<(u64, u64)>, line: u64) -> Self {
        dims.retain(|(count, pitch)| *count > 1 && *pitch > 0);
        dims.sort_unstable_by_key(|(_, pitch)| *pitch);
        let mut bytes = bytes;
        let mut gaps: Vec<(u64, u64)> = Vec::with_capacity(dims.len());
        for (count, pitch) in dims {
            match gaps.last_mut() {
                // A gap shorter than a line holds no line of its own.
                None if pitch < bytes + line => bytes += (count - 1) * pitch,
                // The same grid goes on: rows of a window that slides by whole rows.
                Some((last, step)) if pitch % *step == 0 && pitch <= *last * *step => {
                    *last += (count - 1) * (pitch / *step);
                }
                _ => gaps.push((count, pitch)),
            }
        }
        Self { base, bytes, dims: gaps }
    }

    /// Number of runs.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.dims.iter().map(|(count, _)| count).product()
    }

    /// Part `from..to` of `of` equal parts of a region of one run; other regions stay whole.
    #[must_use]
    pub fn part(mut self, from: u64, to: u64, of: u64) -> Self {
        if self.dims.is_empty() && (from, to) != (0, of) {
            let start = self.bytes * from / of;
            self.base += start;
            self.bytes = (self.bytes * to / of - start).max(1);
        }
        self
    }

    /// Calls `visit` with the start address of every run.
    pub fn each_start(&self, mut visit: impl FnMut(u64)) {
        fn walk(base: u64, dims: &[(u64, u64)], visit: &mut impl FnMut(u64)) {
            match dims {
                [] => visit(base),
                [(count, pitch), rest @ ..] => {
                    (0..*count).for_each(|index| walk(base + index * pitch, rest, visit));
                }
            }
        }
        walk(self.base, &self.dims, &mut visit);
    }
}
