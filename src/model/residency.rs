//! Layer conditions: which lines of a nest a cache keeps from one touch to the next.
//!
//! Under LRU a line survives in its set when no more lines than ways were touched in that set
//! since its last touch. Between two touches of the same line, carried by loop l, lies one
//! iteration of l; so a set keeps the lines of a buffer across l exactly when the lines that one
//! iteration of l touches in that set are no more than the ways. Sets are counted one by one from
//! the addresses of the buffers, which makes the condition way-aware.
//!
//! With E(l) the lines that a touch covers during loop l, T(l) its trips and h(l) the share of its
//! lines in sets that keep them, the misses of loop l are
//! M(l) = h(l)·E(l) + T(l)·(M(l+1) − h(l)·E(l+1)), and M = E of one tile innermost.
//! Layer conditions: Hammer, Eitzinger, Hager, Wellein, "Kerncraft" (IPTW 2016), section 2.4.2.

use super::nest::{Access, Nest, Region, Touch};
use crate::{Error, Result};

/// A cache as the analysis sees it.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// Sets, indexed by line address modulo this number.
    pub sets: u64,
    /// Lines a set holds.
    pub ways: u64,
    /// Bytes of a line.
    pub line: u64,
}

/// Lines that move over the link below a cache, for one buffer of a nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lines {
    /// Lines fetched because they were absent.
    pub fills: u64,
    /// Lines evicted after they were written.
    pub dirty: u64,
}

/// Fixed-point unit: line counts are averages over alignments, so they carry a fraction.
const ONE: u128 = 1 << 16;
/// Above this many sets the lines of a region are taken as spread evenly over the sets.
const COUNTED_SETS: u64 = 4096;
/// Above this many runs a region is taken as spread evenly over the sets.
const COUNTED_RUNS: u64 = 4096;

/// A share of the lines of a buffer.
#[derive(Debug, Clone, Copy)]
struct Share {
    kept: u64,
    all: u64,
}

impl Share {
    const ALL: Self = Self { kept: 1, all: 1 };

    fn of(self, value: u128) -> u128 {
        value * u128::from(self.kept) / u128::from(self.all)
    }

    fn min(self, other: Self) -> Self {
        if u128::from(self.kept) * u128::from(other.all)
            <= u128::from(other.kept) * u128::from(self.all)
        {
            self
        } else {
            other
        }
    }
}

/// Analyses one nest against one cache after another.
pub struct Residency<'n> {
    nest: &'n Nest,
    line: u64,
    scratch: Vec<i64>,
}

impl<'n> Residency<'n> {
    /// An analysis for lines of `line` bytes.
    #[must_use]
    pub fn new(nest: &'n Nest, line: u64) -> Self {
        Self { nest, line, scratch: Vec::new() }
    }

    /// Fills and dirty evictions of a cache, one entry a buffer.
    ///
    /// # Errors
    /// A count does not fit.
    pub fn lines(&mut self, capacity: Capacity) -> Result<Vec<Lines>> {
        let mut result = Vec::with_capacity(self.nest.buffers.len());
        for buffer in 0..self.nest.buffers.len() {
            let touches: Vec<&Touch> =
                self.nest.touches.iter().filter(|touch| touch.buffer == buffer).collect();
            let (fills, dirty) = match touches[..] {
                [touch] => {
                    let fills = self.single(touch, capacity)?;
                    (fills, if touch.access == Access::Write { fills } else { 0 })
                }
                [write, read] => self.produced(write, read, capacity)?,
                _ => return Err(Error::Internal("a buffer with no known touch pattern".into())),
            };
            result.push(Lines { fills: rounded(fills)?, dirty: rounded(dirty)? });
        }
        Ok(result)
    }

    /// Misses of a buffer that only one touch uses.
    fn single(&mut self, touch: &Touch, capacity: Capacity) -> Result<u128> {
        let overflow = || Error::Overflow("lines of a layer");
        let depth = touch.path.len();
        let mut covered = self.covered(touch, depth);
        let mut misses = covered;
        let mut share = Share::ALL;
        for at in (0..depth).rev() {
            let trips = u128::from(self.nest.loops[touch.path[at]].trips);
            if trips == 1 {
                continue;
            }
            let union = self.covered(touch, at);
            let repeated = covered.checked_mul(trips).ok_or_else(overflow)?;
            if union < repeated {
                let window = self.window(touch.path[at], touch);
                share = share.min(self.kept(touch, at + 1, &window, capacity));
            }
            let kept_inside = share.of(covered).min(misses);
            let lost = (misses - kept_inside).checked_mul(trips).ok_or_else(overflow)?;
            // Sets that keep nothing across this loop still miss each line once an iteration.
            let kept = if union < repeated {
                share.of(union)
            } else {
                kept_inside.checked_mul(trips).ok_or_else(overflow)?
            };
            misses = lost.checked_add(kept).ok_or_else(overflow)?;
            covered = union.min(repeated);
        }
        Ok(misses)
    }

    /// Misses and dirty evictions of a buffer that is written as a whole and then read in sweeps.
    ///
    /// The write and the reads share their outer loops, along which the buffer stays in place.
    fn produced(
        &mut self,
        write: &Touch,
        read: &Touch,
        capacity: Capacity,
    ) -> Result<(u128, u128)> {
        let overflow = || Error::Overflow("lines of a layer");
        let common = write.path.iter().zip(&read.path).take_while(|(a, b)| a == b).count();
        let rounds = write.path[..common].iter().try_fold(1_u128, |product, index| {
            product.checked_mul(u128::from(self.nest.loops[*index].trips))
        });
        let rounds = rounds.ok_or_else(overflow)?;
        let sweep_loop = read.path[common];
        let sweeps = u128::from(self.nest.loops[sweep_loop].trips);
        let covered = self.covered(read, common);
        let sweep_window = self.window(sweep_loop, read);
        let between = self.kept(read, common, &sweep_window, capacity);
        let mut round_window = sweep_window;
        for touch in &self.nest.touches {
            if touch.path.len() > common
                && touch.path[common] == write.path[common]
                && touch.buffer != write.buffer
            {
                round_window.push(self.nest.region(touch, common, self.line));
            }
        }
        let across = self.kept(read, common, &round_window, capacity).min(between);
        let kept = across.of(covered);
        let lost = covered - kept;
        let lost_sweeps = covered - between.of(covered);
        let sweeping = lost_sweeps.checked_mul(sweeps - 1).ok_or_else(overflow)?;
        let round = (2 * lost).checked_add(sweeping).ok_or_else(overflow)?;
        let fills = round.checked_mul(rounds).and_then(|lines| lines.checked_add(kept));
        let dirty = lost.checked_mul(rounds).and_then(|lines| lines.checked_add(kept));
        Ok((fills.ok_or_else(overflow)?, dirty.ok_or_else(overflow)?))
    }

    /// Lines that a touch covers with its loops from `depth` on, a mean over alignments.
    fn covered(&self, touch: &Touch, depth: usize) -> u128 {
        let region = self.nest.region(touch, depth, self.line);
        let outer = touch.path[..depth]
            .iter()
            .zip(&touch.steps)
            .filter(|(index, _)| self.nest.loops[**index].trips > 1)
            .map(|(_, step)| *step);
        let grain = region.dims.iter().map(|(_, pitch)| *pitch).chain(outer).fold(self.line, gcd);
        let first = region.base % grain;
        let starts = self.line / grain;
        let lines: u128 = (0..starts)
            .map(|index| u128::from((first + index * grain + region.bytes - 1) / self.line + 1))
            .sum();
        u128::from(region.runs()) * lines * ONE / u128::from(starts)
    }

    /// Regions that one iteration of a loop touches, as met between two touches of `subject`.
    fn window(&self, carrier: usize, subject: &Touch) -> Vec<Region> {
        let mut regions: Vec<(usize, Region)> = Vec::new();
        for touch in &self.nest.touches {
            let Some(at) = touch.path.iter().position(|index| *index == carrier) else { continue };
            if regions.iter().any(|(buffer, _)| *buffer == touch.buffer) {
                continue;
            }
            let region = self.nest.region(touch, at + 1, self.line);
            // A tile that stays through an inner loop along which the subject moves is met twice:
            // the old one after the subject's line, the new one before it comes again.
            let step = touch.steps[at];
            let turns = step > 0
                && self.nest.loops[carrier].trips > 1
                && touch.path[at + 1..].iter().zip(&touch.steps[at + 1..]).any(|(index, moved)| {
                    *moved == 0
                        && self.nest.loops[*index].trips > 1
                        && subject
                            .path
                            .iter()
                            .zip(&subject.steps)
                            .any(|(other, moved)| other == index && *moved > 0)
                });
            if turns {
                let mut next = region.clone();
                next.base += step;
                regions.push((touch.buffer, next));
            }
            regions.push((touch.buffer, region));
        }
        regions.into_iter().map(|(_, region)| region).collect()
    }

    /// Share of a touch's lines that lie in sets which hold the whole window.
    fn kept(
        &mut self,
        touch: &Touch,
        depth: usize,
        window: &[Region],
        capacity: Capacity,
    ) -> Share {
        let (mut least, mut most, mut total) = (0_u64, 0_u64, 0_u64);
        for region in window {
            let (low, high, lines) = bounds(region, capacity);
            least = least.saturating_add(low);
            most = most.saturating_add(high);
            total = total.saturating_add(lines);
        }
        if most <= capacity.ways {
            return Share::ALL;
        }
        let none = Share { kept: 0, all: 1 };
        if least > capacity.ways {
            return none;
        }
        let even = capacity.sets > COUNTED_SETS
            || window.iter().any(|region| region.runs() > COUNTED_RUNS);
        if even {
            let fits = total <= capacity.sets.saturating_mul(capacity.ways);
            return if fits { Share::ALL } else { none };
        }
        let own = self.nest.region(touch, depth, self.line);
        if own.runs() > COUNTED_RUNS {
            return none;
        }
        let sets = capacity.sets as usize;
        self.scratch.clear();
        self.scratch.resize(2 * (sets + 1), 0);
        let (all, mine) = self.scratch.split_at_mut(sets + 1);
        for region in window {
            count(region, capacity, all);
        }
        count(&own, capacity, mine);
        let (mut here, mut own_here) = (0_i64, 0_i64);
        let (mut kept, mut lines) = (0_i64, 0_i64);
        for set in 0..sets {
            here += all[set];
            own_here += mine[set];
            lines += own_here;
            if here <= capacity.ways as i64 {
                kept += own_here;
            }
        }
        Share { kept: kept.max(0) as u64, all: lines.max(1) as u64 }
    }
}

/// Least and greatest lines that a region can put into one set, and its lines in all.
fn bounds(region: &Region, capacity: Capacity) -> (u64, u64, u64) {
    let runs = region.runs();
    let offset = region.base % capacity.line;
    let lines = (offset + region.bytes - 1) / capacity.line + 1;
    if runs == 1 {
        return (lines / capacity.sets, lines.div_ceil(capacity.sets), lines);
    }
    let total = lines.saturating_mul(runs);
    (lines / capacity.sets * runs, lines.div_ceil(capacity.sets).saturating_mul(runs), total)
}

/// Adds the lines of a region to the differences of the count per set.
fn count(region: &Region, capacity: Capacity, differences: &mut [i64]) {
    let sets = capacity.sets;
    for start in region.starts() {
        let first = start / capacity.line;
        let lines = (start + region.bytes - 1) / capacity.line - first + 1;
        differences[0] += (lines / sets) as i64;
        let rest = lines % sets;
        if rest == 0 {
            continue;
        }
        let from = first % sets;
        let to = from + rest;
        differences[from as usize] += 1;
        if to <= sets {
            differences[to as usize] -= 1;
        } else {
            differences[sets as usize] -= 1;
            differences[0] += 1;
            differences[(to - sets) as usize] -= 1;
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn rounded(lines: u128) -> Result<u64> {
    u64::try_from((lines + ONE / 2) / ONE).map_err(|_| Error::Overflow("lines of a layer"))
}
