//! One chunk over a tile of blocks, under each instruction set.

use super::{
    classes::ROWS,
    element::{Element, widen_row},
    finish::Sum,
    lower::{Chunk, PatternPass},
    place::{MOST_LANES, Place},
    plain::{PlainF32, PlainI32},
    sweep,
    vector::Lanes,
};
#[cfg(target_arch = "aarch64")]
use super::{neon, vector::Three};
#[cfg(target_arch = "x86_64")]
use super::{vector::Three, x86};
use signloop_lower::{Isa, Lane};
use signloop_method::shared_sum::PatternKind;

/// One chunk of one pass over a tile.
pub(super) struct Job<'a> {
    pub(super) pass: &'a PatternPass,
    pub(super) chunk: &'a Chunk,
    pub(super) stream: *const i32,
    pub(super) first: bool,
    pub(super) last: bool,
    pub(super) live: &'a [u32],
    pub(super) place: Place<'a>,
}

impl Job<'_> {
    /// # Safety
    /// As for [`PatternTable::run`](super::PatternTable::run).
    pub(super) unsafe fn dispatch(&self, isa: Isa, lane: Lane) {
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
    /// As for [`PatternTable::run`](super::PatternTable::run); `V` has elements `E`.
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
    /// As for [`PatternTable::run`](super::PatternTable::run), after [`Self::blocks`].
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
            // SAFETY: as promised by the caller; blocks of every set are whole multiples of eight
            // lanes.
            unsafe {
                let (sums, waiting) = (sums.add(row * lanes), waiting.add(row * lanes));
                widen_row(sums, waiting, lanes, low, self.first);
            }
        }
    }

    /// # Safety
    /// `sums` holds the sums of all rows; the outputs of the block lie in their planes.
    #[inline(always)]
    unsafe fn finish<S: Sum>(&self, block: usize, lanes: usize, sums: *const S) {
        let local = block - self.place.blocks.0;
        let zeros = [S::default(); MOST_LANES];
        for (output, row, negative) in &self.pass.filters {
            // SAFETY: rows are below `ROWS`; the filter's plane holds this block.
            unsafe {
                let sums = match row {
                    Some(row) => {
                        std::slice::from_raw_parts(sums.add(usize::from(*row) * lanes), lanes)
                    }
                    None => &zeros[..lanes],
                };
                self.place.end(self.live, local, (*output, *negative), sums);
            }
        }
    }
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
        /// As for [`PatternTable::run`](super::PatternTable::run).
        #[target_feature(enable = $features)]
        unsafe fn $name(job: &Job<'_>) {
            // SAFETY: as promised by the caller; inside, the instruction set is on.
            unsafe { job.blocks::<$vector, $element>() };
        }

        /// # Safety
        /// As for [`PatternTable::run`](super::PatternTable::run), after the sums.
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
