//! One pass over a tile of blocks, under each instruction set: tables are filled, and entries added.

#[cfg(target_arch = "aarch64")]
use super::super::{neon, vector::Two};
#[cfg(target_arch = "x86_64")]
use super::super::{vector::Two, x86};
use super::{
    super::{
        element::{Element, widen_row},
        finish::Sum,
        place::Place,
        plain::{PlainF32, PlainI32},
        vector::Lanes,
    },
    groups::FILTERS,
    subset::SubsetTables,
    tables::{Group, Lookups, Pass},
};
use signloop_lower::{Isa, Lane};

/// Lanes of the widest block: two vectors of 32.
const MOST_LANES: usize = 64;

/// One pass over a tile.
pub(super) struct Job<'a> {
    pub(super) tables: &'a SubsetTables,
    pub(super) pass: &'a Pass,
    pub(super) place: Place<'a>,
}

impl Job<'_> {
    /// # Safety
    /// As for [`SubsetTables::run`]; `isa` and `lane` are those of the tables.
    pub(super) unsafe fn dispatch(&self, isa: Isa, lane: Lane) {
        // SAFETY: as promised by the caller.
        unsafe {
            match (isa, lane) {
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx512, Lane::F32) => avx512_f32(self),
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx512, _) => avx512_i16(self),
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx2, Lane::F32) => avx2_f32(self),
                #[cfg(target_arch = "x86_64")]
                (Isa::Avx2, _) => avx2_i16(self),
                #[cfg(target_arch = "aarch64")]
                (Isa::Neon, Lane::F32) => neon_f32(self),
                #[cfg(target_arch = "aarch64")]
                (Isa::Neon, _) => neon_i16(self),
                (_, Lane::F32) => self.blocks::<PlainF32, f32>(),
                _ => self.blocks::<PlainI32, i32>(),
            }
        }
    }

    /// # Safety
    /// As for [`SubsetTables::run`]; `V` has elements `E`.
    #[inline(always)]
    unsafe fn blocks<V: Lanes, E: Element>(&self) {
        let lanes = V::BYTES / size_of::<E>();
        let (pass, place) = (self.pass, &self.place);
        let table = place.scratch;
        // SAFETY: the parts of the scratch memory, as promised by the caller.
        let sums = unsafe { table.add(self.tables.entries * V::BYTES) };
        let own = if E::WIDENS { pass.rows * V::BYTES } else { 0 };
        // SAFETY: likewise.
        let waiting = unsafe { sums.add(own).cast::<E::Waiting>() };
        for local in 0..place.blocks.1 - place.blocks.0 {
            if pass.chunks.is_empty() {
                // SAFETY: as many sums wait.
                unsafe { waiting.write_bytes(0, pass.rows * lanes) };
            }
            for (at, chunk) in pass.chunks.iter().enumerate() {
                for (group_at, group) in chunk.groups.iter().enumerate() {
                    let resume = group_at > 0 || (!E::WIDENS && at > 0);
                    // SAFETY: the block's inputs; the offsets of the copies lead into its planes,
                    // those of the streams into the tables, which hold the group's entries.
                    unsafe {
                        self.fill::<V>(group, place.input.add(local * V::BYTES), table);
                        for (block, lookups) in group.lookups.iter().enumerate() {
                            let sums = sums.add(block * FILTERS * V::BYTES);
                            self.add::<V>(*lookups, table, sums, resume);
                        }
                    }
                }
                if E::WIDENS {
                    for (row, bounds) in chunk.bounds.iter().enumerate() {
                        let low = (bounds.0 * place.greatest) as i32;
                        // SAFETY: rows are below those of the pass.
                        unsafe {
                            let from = sums.cast::<E>().add(row * lanes);
                            widen_row(from, waiting.add(row * lanes), lanes, low, at == 0);
                        }
                    }
                }
            }
            // SAFETY: all rows' sums wait; the outputs of the block lie in their planes.
            unsafe { self.finish(local, lanes, waiting) };
        }
    }

    /// Fills the tables of a group.
    ///
    /// # Safety
    /// As for [`Self::blocks`].
    #[inline(always)]
    unsafe fn fill<V: Lanes>(&self, group: &Group, input: *const u8, table: *mut u8) {
        // SAFETY: as promised by the caller: entries are written one after the other, as many as
        // the group has, and read where they were written before.
        unsafe {
            V::store(table, V::zero());
            let mut to = table.add(V::BYTES);
            for offset in &group.copies {
                V::store(to, V::load(input.offset(*offset as isize)));
                to = to.add(V::BYTES);
            }
            for offset in &group.turned {
                V::store(to, V::sub(V::zero(), V::load(input.offset(*offset as isize))));
                to = to.add(V::BYTES);
            }
            let (start, count) = group.entries;
            let mut stream = self.tables.lowered.stream[start..start + 2 * count].as_ptr();
            for _ in 0..count {
                let (a, b) = (stream.read() as usize, stream.add(1).read() as usize);
                V::store(to, V::add(V::load(table.add(a)), V::load(table.add(b))));
                to = to.add(V::BYTES);
                stream = stream.add(2);
            }
        }
    }

    /// Adds the entries of a block of filters.
    ///
    /// # Safety
    /// As for [`Self::blocks`]; `sums` has a block of filters.
    #[inline(always)]
    unsafe fn add<V: Lanes>(
        &self,
        lookups: Lookups,
        table: *const u8,
        sums: *mut u8,
        resume: bool,
    ) {
        let Lookups { start, count } = lookups;
        let mut stream = self.tables.lowered.stream[start..start + FILTERS * count].as_ptr();
        // SAFETY: as promised by the caller.
        unsafe {
            let mut all = [V::zero(); FILTERS];
            if resume {
                for (filter, sum) in all.iter_mut().enumerate() {
                    *sum = V::load(sums.add(filter * V::BYTES));
                }
            }
            for _ in 0..count {
                for (filter, sum) in all.iter_mut().enumerate() {
                    // Volatile, or neighbouring offsets are read as a vector and taken apart.
                    let entry = stream.add(filter).read_volatile() as usize;
                    *sum = V::add(*sum, V::load(table.add(entry)));
                }
                stream = stream.add(FILTERS);
            }
            for (filter, sum) in all.into_iter().enumerate() {
                V::store(sums.add(filter * V::BYTES), sum);
            }
        }
    }

    /// # Safety
    /// `sums` holds the sums of all rows; the outputs of the block lie in their planes.
    #[inline(always)]
    unsafe fn finish<S: Sum>(&self, local: usize, lanes: usize, sums: *const S) {
        let mut own;
        for (output, terms) in &self.pass.filters {
            // SAFETY: rows are below those of the pass; the filter's plane holds this block.
            unsafe {
                let row = |row: usize| std::slice::from_raw_parts(sums.add(row * lanes), lanes);
                let (sums, negative) = match terms.as_slice() {
                    [(of, factor @ (1 | -1))] => (row(*of), *factor < 0),
                    terms => {
                        own = [S::default(); MOST_LANES];
                        for (of, factor) in terms {
                            for (own, sum) in own.iter_mut().zip(row(*of)) {
                                *own = own.combined(1, *sum, *factor);
                            }
                        }
                        (&own[..lanes], false)
                    }
                };
                self.place.end(&self.tables.live, local, (*output, negative), sums);
            }
        }
    }
}

macro_rules! entry {
    ($name:ident, $features:literal, $vector:ty, $element:ty) => {
        /// # Safety
        /// As for [`SubsetTables::run`].
        #[target_feature(enable = $features)]
        unsafe fn $name(job: &Job<'_>) {
            // SAFETY: as promised by the caller; inside, the instruction set is on.
            unsafe { job.blocks::<$vector, $element>() };
        }
    };
}

#[cfg(target_arch = "x86_64")]
entry!(avx512_f32, "avx512f,avx512bw,avx512dq,avx512vl,fma", Two<x86::Avx512F32>, f32);
#[cfg(target_arch = "x86_64")]
entry!(avx512_i16, "avx512f,avx512bw,avx512dq,avx512vl,fma", Two<x86::Avx512I16>, i16);
#[cfg(target_arch = "x86_64")]
entry!(avx2_f32, "avx2,fma", x86::Avx2F32, f32);
#[cfg(target_arch = "x86_64")]
entry!(avx2_i16, "avx2,fma", x86::Avx2I16, i16);
#[cfg(target_arch = "aarch64")]
entry!(neon_f32, "neon", Two<neon::NeonF32>, f32);
#[cfg(target_arch = "aarch64")]
entry!(neon_i16, "neon", Two<neon::NeonI16>, i16);
