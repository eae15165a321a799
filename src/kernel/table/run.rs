//! Running a table over blocks of pixels.

use super::{
    super::{
        lanes::{Finishing, Isa, Lane, weights_in_16_bits},
        layout::Geometry,
        options::{Activations, KernelOptions},
        schedule::StepCounts,
    },
    classes::ROWS,
    finish::{End, Sum},
    lower::{Chunk, ChunkLimits, PatternPass, Tables},
    plain::{PlainF32, PlainI32},
    sweep,
    vector::Lanes,
};
#[cfg(target_arch = "aarch64")]
use super::{neon, vector::Three};
#[cfg(target_arch = "x86_64")]
use super::{vector::Three, x86};
use crate::{
    kernel::buffer::Buffer,
    method::{OpProgram, shared_sum::PatternKind},
};

/// The tables of a layer.
#[derive(Debug)]
pub(crate) struct PatternTable {
    tables: Tables,
    /// All bits set at positions that are pixels of the output.
    live: Buffer<u32>,
    isa: Isa,
    lane: Lane,
}

/// Lanes of the widest block: three vectors of 32.
const MOST_LANES: usize = 96;

/// Bytes of the first-level cache that a chunk's columns may take: most of 32 KiB.
const NEAR_BYTES: usize = 28 << 10;

/// Lanes of a block of the table-driven kernel: three vectors where there are 32 registers.
pub(crate) fn block_lanes(isa: Isa, lane: Lane) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => 3 * isa.vector_bytes() / lane.bytes(),
        Isa::Avx2 => isa.vector_bytes() / lane.bytes(),
        Isa::Scalar => 8,
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
        let taps: Option<Vec<i32>> = geometry
            .taps
            .iter()
            .map(|tap| i32::try_from(tap.checked_mul(lane.bytes() as u64)?).ok())
            .collect();
        let taps = taps?;
        let lanes = block_lanes(options.isa, lane);
        // The columns of one kernel row read neighbouring lines.
        let lines = (lanes * lane.bytes()).div_ceil(64) + 1;
        let weights = match options.activations {
            Activations::Unsigned { bits } if lane == Lane::I16 => Some(weights_in_16_bits(bits)),
            _ => None,
        };
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
        let mut live = Buffer::new(blocks * lanes);
        for (position, live) in live.iter_mut().enumerate() {
            *live = if geometry.is_pixel(position as u64) { u32::MAX } else { 0 };
        }
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
        let vectors = (block_lanes(self.isa, self.lane) * self.lane.bytes())
            .div_ceil(self.isa.vector_bytes()) as u64;
        let counts = self.tables.counts;
        StepCounts {
            adds: counts.adds * vectors,
            tap_loads: counts.tap_loads * vectors,
            finishes: counts.finishes * vectors,
            flushes: counts.flushes * vectors,
            ..counts
        }
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

/// Memory and blocks of a part of a run.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// First block's place in the first input plane of the pass's group.
    pub(crate) input: *const u8,
    /// First block's place in the first output plane of the layer.
    pub(crate) output: *mut u8,
    /// Scratch memory.
    pub(crate) scratch: *mut u8,
    /// Blocks.
    pub(crate) blocks: (usize, usize),
    /// Values of an output plane.
    pub(crate) plane: usize,
    /// Scale and bias of the filters of the pass's group.
    pub(crate) scales: &'a [(f32, f32)],
    /// First filter of the group.
    pub(crate) first_filter: usize,
    pub(crate) finishing: Finishing,
    /// Largest activation (integers).
    pub(crate) greatest: u32,
}

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

/// One chunk of one pass over a tile.
struct Job<'a> {
    pass: &'a PatternPass,
    chunk: &'a Chunk,
    stream: *const i32,
    first: bool,
    last: bool,
    live: &'a [u32],
    place: Place<'a>,
}

/// Type of the lanes of a vector, and what becomes of a chunk's sums of them.
trait Element: Copy {
    /// Type in which sums wait between chunks.
    type Waiting: Sum;
    /// Whether sums wait apart from the lanes.
    const WIDENS: bool;
    /// The value of a lane whose sum is at least −low.
    fn widen(self, low: i32) -> Self::Waiting;
    /// Sum of two chunks.
    fn join(a: Self::Waiting, b: Self::Waiting) -> Self::Waiting;
}

impl Element for f32 {
    type Waiting = f32;
    const WIDENS: bool = false;
    #[inline(always)]
    fn widen(self, _low: i32) -> f32 {
        self
    }
    #[inline(always)]
    fn join(a: f32, b: f32) -> f32 {
        a + b
    }
}

impl Element for i32 {
    type Waiting = i32;
    const WIDENS: bool = false;
    #[inline(always)]
    fn widen(self, _low: i32) -> i32 {
        self
    }
    #[inline(always)]
    fn join(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
}

impl Element for i16 {
    type Waiting = i32;
    const WIDENS: bool = true;
    // Moved up by `low` the sum lies in 0..=65535, whatever wrapped before. A check for overflow
    // (there is none) would keep the loop from becoming vectors.
    #[inline(always)]
    fn widen(self, low: i32) -> i32 {
        i32::from(self.wrapping_add(low as i16) as u16).wrapping_sub(low)
    }
    #[inline(always)]
    fn join(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
}

impl Job<'_> {
    /// # Safety
    /// As for [`PatternTable::run`].
    unsafe fn dispatch(&self, isa: Isa, lane: Lane) {
        // SAFETY: as promised by the caller: the instruction set is there.
        unsafe {
            match (isa, lane) {
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx512, Lane::F32) => both(self, avx512_f32, avx512_f32_ends),
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx512, _) => both(self, avx512_i16, avx512_i16_ends),
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx2, Lane::F32) => both(self, avx2_f32, avx2_f32_ends),
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx2, _) => both(self, avx2_i16, avx2_i16_ends),
                #[cfg(target_arch = "aarch64")]
                (Isa::Neon, Lane::F32) => both(self, neon_f32, neon_f32_ends),
                #[cfg(target_arch = "aarch64")]
                (Isa::Neon, _) => both(self, neon_i16, neon_i16_ends),
                (_, Lane::F32) => {
                    self.blocks::<PlainF32, f32>();
                    self.ends::<PlainF32, f32>();
                }
                _ => {
                    self.blocks::<PlainI32, i32>();
                    self.ends::<PlainI32, i32>();
                }
            }
        }
    }

    /// # Safety
    /// As for [`sweep`].
    #[inline(always)]
    unsafe fn sums<V: Lanes>(&self, base: *const u8, sums: *mut u8, resume: bool) {
        let (kind, stream) = (self.pass.kind, self.stream);
        // SAFETY: as promised by the caller.
        unsafe {
            match kind {
                PatternKind::OneSign => sweep::one_sign::<V>(base, stream, sums, resume),
                PatternKind::Full => sweep::full::<V>(base, stream, sums, resume),
                PatternKind::Mixed => sweep::mixed::<V>(base, stream, sums, resume),
            }
        }
    }

    /// Bytes of a block's sums, and of its sums that wait; one follows the other.
    fn block_bytes<V: Lanes, E: Element>() -> (usize, usize) {
        let lanes = V::BYTES / size_of::<E>();
        (if E::WIDENS { ROWS * V::BYTES } else { 0 }, ROWS * lanes * 4)
    }

    /// Sums of the chunk, for all blocks of the tile.
    ///
    /// # Safety
    /// As for [`PatternTable::run`]; `V` has elements `E`.
    #[inline(always)]
    unsafe fn blocks<V: Lanes, E: Element>(&self) {
        let (own, waiting) = Self::block_bytes::<V, E>();
        let place = &self.place;
        for local in 0..place.blocks.1 - place.blocks.0 {
            // SAFETY: the block's inputs and scratch memory, as promised by the caller; the
            // table's offsets lead from the block's place into its planes.
            unsafe {
                let input = place.input.add(local * V::BYTES);
                let sums = place.scratch.add(local * (own + waiting));
                self.sums::<V>(input, sums, !E::WIDENS && !self.first);
            }
        }
    }

    /// Joins the chunk's sums with those that wait, and ends the filters after the last chunk.
    ///
    /// # Safety
    /// As for [`PatternTable::run`], after [`Self::blocks`].
    #[inline(always)]
    unsafe fn ends<V: Lanes, E: Element>(&self) {
        let lanes = V::BYTES / size_of::<E>();
        let (own, waiting) = Self::block_bytes::<V, E>();
        let place = &self.place;
        for block in place.blocks.0..place.blocks.1 {
            // SAFETY: the block's scratch memory, which `blocks` has written.
            unsafe {
                let sums = place.scratch.add((block - place.blocks.0) * (own + waiting));
                let waiting = sums.add(own).cast::<E::Waiting>();
                if E::WIDENS {
                    self.widen(sums.cast::<E>(), waiting, lanes);
                }
                if self.last {
                    self.finish(block, lanes, waiting);
                }
            }
        }
    }

    /// # Safety
    /// `ROWS` times `lanes` sums that are written, and as many that wait.
    #[inline(always)]
    unsafe fn widen<E: Element>(&self, sums: *const E, waiting: *mut E::Waiting, lanes: usize) {
        for row in 0..ROWS {
            let low = (self.chunk.bounds[row].0 * self.place.greatest) as i32;
            let mut lane = row * lanes;
            while lane < (row + 1) * lanes {
                // SAFETY: as promised by the caller; blocks of every set are whole multiples of
                // `PART` lanes.
                unsafe {
                    let sums = sums.add(lane).cast::<[E; PART]>();
                    let to = waiting.add(lane).cast::<[E::Waiting; PART]>();
                    to.write(if self.first {
                        widened(sums.read(), low)
                    } else {
                        joined(to.read(), sums.read(), low)
                    });
                }
                lane = lane.wrapping_add(PART);
            }
        }
    }

    /// # Safety
    /// `sums` holds the sums of all rows; the outputs of the block lie in their planes.
    #[inline(always)]
    unsafe fn finish<S: Sum>(&self, block: usize, lanes: usize, sums: *const S) {
        let place = &self.place;
        let bytes = place.finishing.bytes();
        let local = block - place.blocks.0;
        let zeros = [S::default(); MOST_LANES];
        for (output, row, negative) in &self.pass.filters {
            let (scale, bias) = place.scales[*output as usize];
            let end = End {
                scale,
                bias,
                negative: *negative,
                finishing: place.finishing,
                live: &self.live[block * lanes..(block + 1) * lanes],
            };
            // SAFETY: rows are below `ROWS`; the filter's plane holds this block.
            unsafe {
                let sums = match row {
                    Some(row) => {
                        std::slice::from_raw_parts(sums.add(usize::from(*row) * lanes), lanes)
                    }
                    None => &zeros[..lanes],
                };
                let filter = place.first_filter + *output as usize;
                let to = place.output.add((filter * place.plane + local * lanes) * bytes);
                end.write(sums, to);
            }
        }
    }
}

/// Lanes that are widened together; arrays of them go through registers, where a loop over
/// pointers would have to prove that the two sums do not overlap.
const PART: usize = 8;

#[inline(always)]
fn widened<E: Element>(sums: [E; PART], low: i32) -> [E::Waiting; PART] {
    sums.map(|sum| sum.widen(low))
}

#[inline(always)]
fn joined<E: Element>(
    mut waiting: [E::Waiting; PART],
    sums: [E; PART],
    low: i32,
) -> [E::Waiting; PART] {
    for (waiting, sum) in waiting.iter_mut().zip(widened(sums, low)) {
        *waiting = E::join(*waiting, sum);
    }
    waiting
}

type Entry = unsafe fn(&Job<'_>);

/// # Safety
/// As for the functions.
unsafe fn both(job: &Job<'_>, sums: Entry, ends: Entry) {
    // SAFETY: as promised by the caller.
    unsafe {
        sums(job);
        ends(job);
    }
}

macro_rules! entry {
    ($name:ident, $ends:ident, $features:literal, $vector:ty, $element:ty) => {
        /// # Safety
        /// As for [`PatternTable::run`].
        #[target_feature(enable = $features)]
        unsafe fn $name(job: &Job<'_>) {
            // SAFETY: as promised by the caller; inside, the instruction set is on.
            unsafe { job.blocks::<$vector, $element>() };
        }

        /// # Safety
        /// As for [`PatternTable::run`], after the sums.
        #[target_feature(enable = $features)]
        unsafe fn $ends(job: &Job<'_>) {
            // SAFETY: as promised by the caller.
            unsafe { job.ends::<$vector, $element>() };
        }
    };
}

#[cfg(target_arch = "x86_64")]
entry!(
    avx512_f32,
    avx512_f32_ends,
    "avx512f,avx512bw,avx512dq,avx512vl,fma",
    Three<x86::Avx512F32>,
    f32
);
#[cfg(target_arch = "x86_64")]
entry!(
    avx512_i16,
    avx512_i16_ends,
    "avx512f,avx512bw,avx512dq,avx512vl,fma",
    Three<x86::Avx512I16>,
    i16
);
#[cfg(target_arch = "x86_64")]
entry!(avx2_f32, avx2_f32_ends, "avx2,fma", x86::Avx2F32, f32);
#[cfg(target_arch = "x86_64")]
entry!(avx2_i16, avx2_i16_ends, "avx2,fma", x86::Avx2I16, i16);
#[cfg(target_arch = "aarch64")]
entry!(neon_f32, neon_f32_ends, "neon", Three<neon::NeonF32>, f32);
#[cfg(target_arch = "aarch64")]
entry!(neon_i16, neon_i16_ends, "neon", Three<neon::NeonI16>, i16);
