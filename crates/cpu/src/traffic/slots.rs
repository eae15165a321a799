//! Lines of partial sums that a cache fetches while a program runs over one block after another.
//!
//! Between two accesses to a line, w accesses apart, a pass touches some distinct lines of slots,
//! inputs, index streams and outputs. The distinct slots follow from the program's own order of
//! accesses ([`SlotReuse`]; Xiang et al., ASPLOS 2013). The access misses if a set receives at least
//! as many of these lines as it has ways (Smith, "A comparative study of set associative memory
//! mapping algorithms", IEEE TSE 1978): their number has mean lines/sets; slots lie side by side, so
//! that the touched part f of them varies as f·(1−f) only.

use super::residency::{Capacity, Lines};
use signloop_base::{Error, Result};
use signloop_machine::CpuArch;
use signloop_method::{SlotReuse, Times};
use statrs::function::erf::erfc;

/// Slots of partial sums, of one vector each, that share a line of the first cache.
#[must_use]
pub fn slots_a_line(arch: &CpuArch) -> u64 {
    let line = arch.caches.first().map_or(64, |cache| cache.line_bytes.value);
    sharing(line, arch.core.simd_bits.value / 8)
}

fn sharing(line_bytes: u64, slot_bytes: u64) -> u64 {
    (line_bytes / slot_bytes.max(1)).max(1)
}

/// The average number of distinct lines in windows of every length: the sum of all reuse
/// times, each cut at the window, over the accesses.
struct Footprint {
    /// Reuse times, ascending; the sum of those before each, and how many are left.
    times: Vec<(f64, f64, f64)>,
    /// Sum of all times.
    sum: f64,
    accesses: f64,
    lines: f64,
}

impl Footprint {
    fn of(times: &Times, accesses: u64, lines: f64) -> Self {
        let mut left: f64 = times.iter().map(|(_, count)| count as f64).sum();
        let mut sum = 0.0;
        let cumulative = |(time, count): (f64, u64)| {
            let own = (time, sum, left);
            sum += time * count as f64;
            left -= count as f64;
            own
        };
        let times = times.iter().map(cumulative).collect();
        Self { times, sum, accesses: accesses.max(1) as f64, lines }
    }

    fn at(&self, window: f64) -> f64 {
        let next = self.times.partition_point(|(time, _, _)| *time < window);
        let cut = self.times.get(next).map_or(self.sum, |(_, sum, left)| sum + left * window);
        cut / self.accesses * self.lines
    }
}

/// What one group's program touches in a pass over one block, in lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// The nest's buffer of slots.
    pub buffer: usize,
    /// Bytes of a slot.
    pub slot_bytes: u64,
    /// Bytes of a line.
    pub line_bytes: u64,
    /// Groups, whose programs run one after the other.
    pub groups: u64,
    /// Passes of each group's program.
    pub blocks: u64,
    /// Rows of the patch, the lines of one, and the lines of all: rows may share lines.
    pub rows: f64,
    /// Lines of one row.
    pub row_lines: f64,
    /// Lines of the patch.
    pub patch_lines: f64,
    /// Lines of weights and metadata.
    pub stream: f64,
    /// Lines of outputs.
    pub outputs: f64,
}

impl Pass {
    /// Slots of one line.
    fn slots_a_line(&self) -> u64 {
        sharing(self.line_bytes, self.slot_bytes)
    }

    /// Lines of one slot.
    fn lines_a_slot(&self) -> u64 {
        self.slot_bytes.div_ceil(self.line_bytes.max(1)).max(1)
    }

    /// Accesses of one pass, on average over the groups.
    fn accesses(&self, reuse: &SlotReuse) -> f64 {
        reuse.accesses as f64 / self.groups.max(1) as f64
    }

    fn slots(&self, reuse: &SlotReuse) -> Footprint {
        let times = &reuse.lines(self.slots_a_line()).accesses;
        Footprint::of(times, reuse.accesses, self.lines_a_slot() as f64)
    }

    /// Distinct lines of slots in a window of accesses, on average.
    #[must_use]
    pub fn slot_lines(&self, reuse: &SlotReuse, window: f64) -> f64 {
        self.slots(reuse).at(window)
    }

    /// Lines of the patch that so many of its rows touch: a line is left alone by all rows that
    /// share it.
    fn patch_touched(&self, rows: f64) -> f64 {
        let share = (rows / self.rows.max(1.0)).min(1.0);
        let sharing = (self.rows * self.row_lines / self.patch_lines.max(1.0)).max(1.0);
        self.patch_lines * (1.0 - (1.0 - share).powf(sharing))
    }

    /// Of some lists of times, how many find their line gone.
    fn misses(&self, reuse: &SlotReuse, lists: [&Times; 2], capacity: Capacity) -> [f64; 2] {
        let slots = self.slots(reuse);
        let rows = Footprint::of(reuse.rows(), reuse.accesses, 1.0);
        let all_slots = reuse.lines(self.slots_a_line()).lines * self.lines_a_slot();
        let pass = self.accesses(reuse).max(1.0);
        let misses = |(time, count): (f64, u64)| {
            let (inputs, touched) = (self.patch_touched(rows.at(time)), slots.at(time));
            // Slots and inputs lie side by side: only which of them are touched is random.
            let part = |touched: f64, all: f64| touched * (1.0 - touched / all.max(1.0)).max(0.0);
            let spread = part(touched, all_slots as f64) + part(inputs, self.patch_lines);
            let streams = (self.stream + self.outputs) * (time / pass).min(1.0);
            // The line itself is one of those touched.
            let others = (touched - self.lines_a_slot() as f64).max(0.0) + inputs + streams;
            gone(capacity, others, spread) * count as f64
        };
        lists.map(|times| times.iter().map(misses).sum())
    }

    /// Lines of slots that a cache fetches and evicts dirty in the whole layer. The first fetch of
    /// every line is counted, and its last eviction.
    ///
    /// # Errors
    /// A count does not fit in 64 bits.
    pub fn lines(&self, reuse: &SlotReuse, capacity: Capacity) -> Result<Lines> {
        let overflow = || Error::Overflow("lines of partial sums");
        let times = reuse.lines(self.slots_a_line());
        let own = times.lines.checked_mul(self.lines_a_slot()).ok_or_else(overflow)?;
        let passes = self.blocks as f64 * self.lines_a_slot() as f64;
        let all = |misses: f64| {
            let lines = (misses * passes).round();
            if lines < u64::MAX as f64 { Ok((lines as u64).max(own)) } else { Err(overflow()) }
        };
        let [fills, dirty] =
            self.misses(reuse, [&times.accesses, &times.between_writes], capacity).map(all);
        let (fills, dirty) = (fills?, dirty?);
        Ok(Lines { fills, dirty: dirty.min(fills) })
    }
}

/// Probability that `others` lines, whose number in a set varies like that of `spread` random ones,
/// fill the ways of a set.
fn gone(capacity: Capacity, others: f64, spread: f64) -> f64 {
    let sets = capacity.sets as f64;
    let spare = capacity.ways as f64 - 0.5 - others / sets;
    let deviation = (spread / sets).sqrt();
    if deviation < 1e-9 {
        return if spare < 0.0 { 1.0 } else { 0.0 };
    }
    0.5 * erfc(spare / deviation / std::f64::consts::SQRT_2)
}
