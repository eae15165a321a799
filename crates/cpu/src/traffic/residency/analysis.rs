//! The layer condition of every touch of a nest, for one cache after another.

use super::{
    capacity::{Capacity, Lines},
    piece::{Piece, Share},
    sets::{bounds, count, swept},
};
use crate::traffic::nest::{Access, Nest, Node, Region, Touch};
use signloop_base::{Error, Result};

/// Fixed-point unit: line counts are averages over alignments, so they carry a fraction.
const ONE: u128 = 1 << 16;
/// Above this many sets and more than [`FEW_RUNS`] runs, lines are taken as spread evenly.
const COUNTED_SETS: u64 = 4096;
/// Runs that are counted whatever the number of sets.
const FEW_RUNS: u64 = 64;
/// Above this many runs a region is taken as spread evenly over the sets.
const COUNTED_RUNS: u64 = 4096;
/// Samples of the outer loop indices, at most, and the work that all samples may take.
const SAMPLES: u64 = 16;
const SAMPLE_WORK: u64 = 1 << 10;
/// Parts of a produced buffer that are looked at one by one, at most.
const PARTS: u64 = 8;

/// Analyses one nest against one cache after another.
pub struct Residency<'n> {
    nest: &'n Nest,
    line: u64,
    /// Changes of the counts along the sets: set, all lines, the lines in question.
    steps: Vec<(u64, i64, i64)>,
    changes: Vec<(i64, i64)>,
    /// Touches in program order.
    order: Vec<usize>,
}

impl<'n> Residency<'n> {
    /// An analysis for lines of `line` bytes.
    #[must_use]
    pub fn new(nest: &'n Nest, line: u64) -> Self {
        let mut order = Vec::with_capacity(nest.touches.len());
        in_order(&nest.body, &mut order);
        Self { nest, line, steps: Vec::new(), changes: Vec::new(), order }
    }

    /// Place of a touch in program order.
    fn place_of(&self, touch: &Touch) -> usize {
        self.order
            .iter()
            .position(|index| std::ptr::eq(&raw const self.nest.touches[*index], touch))
            .unwrap_or(0)
    }

    /// Fills and dirty evictions of a cache, one entry a buffer.
    ///
    /// # Errors
    /// A count does not fit.
    pub fn lines(&mut self, capacity: Capacity) -> Result<Vec<Lines>> {
        let mut result = Vec::with_capacity(self.nest.buffers.len());
        for buffer in 0..self.nest.buffers.len() {
            let touches: Vec<&'n Touch> =
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
    fn single(&mut self, touch: &'n Touch, capacity: Capacity) -> Result<u128> {
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
            if union >= repeated {
                misses = misses.checked_mul(trips).ok_or_else(overflow)?;
                covered = repeated;
                continue;
            }
            let window = self.window(touch, at);
            share = share.min(self.kept(Piece::new(touch, at + 1), &window, capacity));
            // What the sets lose across this loop they fetch in every iteration.
            let lost = (misses - share.of(covered).min(misses)).checked_mul(trips);
            misses =
                lost.and_then(|lost| lost.checked_add(share.of(union))).ok_or_else(overflow)?;
            covered = union;
        }
        Ok(misses)
    }

    /// Misses and dirty evictions of a buffer that is written as a whole and then read in sweeps.
    ///
    /// The write and the reads share their outer loops, along which the buffer stays in place. A
    /// line at fraction f of the buffer meets, until its first read, the rest (1 - f) of what the
    /// write loop touches beside it and the share f of what a sweep touches beside it; from its
    /// last read to the next write it meets the complements. So the condition is asked part by part.
    fn produced(
        &mut self,
        write: &'n Touch,
        read: &'n Touch,
        capacity: Capacity,
    ) -> Result<(u128, u128)> {
        let overflow = || Error::Overflow("lines of a layer");
        let nest = self.nest;
        let common = write.path.iter().zip(&read.path).take_while(|(a, b)| a == b).count();
        let rounds = self.rounds(&write.path[..common]).ok_or_else(overflow)?;
        let sweep_loop = read.path[common];
        let sweeps = u128::from(nest.loops[sweep_loop].trips);
        let covered = self.covered(read, common);
        let sweep = self.window(read, common);
        let during = self.beside(write, common);
        // Buffers that move with the buffer's own position in a sweep.
        let along = |piece: &Piece<'_>| {
            piece.touch.buffer != read.buffer
                && read.path[common..]
                    .iter()
                    .any(|index| moves_along(piece.touch, *index) && moves_along(read, *index))
        };
        let tiles: u64 = read.path[common..]
            .iter()
            .filter(|index| moves_along(read, **index))
            .map(|index| nest.loops[*index].trips)
            .product();
        let parts = tiles.clamp(1, PARTS);
        let rows = nest.loops[write.path[common]].trips;
        let reading = self.place_of(read);
        // After the last tile nothing follows that comes before the read in the innermost body.
        let ahead = |piece: &Piece<'_>| parts == tiles && self.place_of(piece.touch) < reading;
        let ahead: Vec<bool> = sweep.iter().map(ahead).collect();
        let (mut to_read, mut to_write, mut all_kept) = (0, 0, 0);
        let between = self.kept(Piece::new(read, common), &sweep, capacity);
        for part in 0..parts {
            let own = Piece { from: part, to: part + 1, of: parts, ..Piece::new(read, common) };
            let window = |writing: (u64, u64), swept: (u64, u64)| -> Vec<Piece<'n>> {
                let last = swept == (parts - 1, parts) && writing.0 == 0;
                let sweeping = sweep.iter().zip(&ahead).filter(|(_, ahead)| !(last && **ahead));
                let sweeping = sweeping.map(|(piece, _)| {
                    let piece = Piece { turn: 0, ..*piece };
                    if along(&piece) {
                        Piece { from: swept.0, to: swept.1, of: parts, ..piece }
                    } else {
                        piece
                    }
                });
                let writing = during.iter().map(|piece| Piece {
                    from: writing.0,
                    to: writing.1,
                    of: parts,
                    ..*piece
                });
                sweeping.chain(writing).filter(|piece| piece.from < piece.to).collect()
            };
            // The write loop reads its sources before it writes.
            let row = part * rows / parts + 1;
            let after_write = self.kept(own, &window((row, rows), (0, part)), capacity);
            let after_read = self.kept(own, &window((0, row), (part, parts)), capacity);
            let lines = covered / u128::from(parts);
            to_read += lines - after_write.of(lines);
            to_write += lines - after_read.of(lines);
            let mut least = after_write.min(after_read);
            if sweeps > 1 {
                least = least.min(between);
            }
            all_kept += least.of(lines);
        }
        let sweeping =
            (covered - between.of(covered)).checked_mul(sweeps - 1).ok_or_else(overflow)?;
        let round = sweeping.checked_add(to_read + to_write).ok_or_else(overflow)?;
        let lost = covered.saturating_sub(all_kept);
        // The first write finds nothing; later ones find what the last read left.
        let cold = covered - to_write.min(covered);
        let fills = round.checked_mul(rounds).and_then(|lines| lines.checked_add(cold));
        let dirty = lost.checked_mul(rounds).and_then(|lines| lines.checked_add(all_kept));
        Ok((fills.ok_or_else(overflow)?, dirty.ok_or_else(overflow)?))
    }

    /// Iterations of the loops together.
    fn rounds(&self, loops: &[usize]) -> Option<u128> {
        loops.iter().try_fold(1_u128, |product, index| {
            product.checked_mul(u128::from(self.nest.loops[*index].trips))
        })
    }

    /// What the loop at `depth` of a write's path touches of other buffers.
    fn beside(&self, write: &Touch, depth: usize) -> Vec<Piece<'n>> {
        let touches = self.nest.touches.iter().filter(|touch| {
            touch.path.get(depth) == write.path.get(depth) && touch.buffer != write.buffer
        });
        touches.map(|touch| Piece::new(touch, depth)).collect()
    }

    /// Lines that a touch covers with its loops from `depth` on, a mean over alignments.
    fn covered(&self, touch: &Touch, depth: usize) -> u128 {
        let region = self.nest.region(touch, depth, (1, 0), self.line);
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

    /// What is touched between two touches of `subject` that the loop at `at` of its path carries.
    ///
    /// Loops right inside the carrier along which the subject stays touch it again and again, so
    /// only one iteration of the innermost of them lies between the last touch of one iteration of
    /// the carrier and the first of the next.
    fn window(&self, subject: &Touch, at: usize) -> Vec<Piece<'n>> {
        let nest = self.nest;
        let carrier = subject.path[at];
        let mut inner = at;
        while let Some(step) = subject.steps.get(inner + 1) {
            if *step > 0 && nest.loops[subject.path[inner + 1]].trips > 1 {
                break;
            }
            inner += 1;
        }
        let chain = &subject.path[at..=inner];
        let mut pieces: Vec<Piece<'n>> = Vec::with_capacity(nest.touches.len());
        for touch in &nest.touches {
            let Some(outer) = touch.path.iter().position(|index| *index == carrier) else {
                continue;
            };
            if pieces.iter().any(|piece| piece.touch.buffer == touch.buffer) {
                continue;
            }
            // As far down the chain as the touch goes.
            let depth =
                outer + touch.path[outer..].iter().zip(chain).take_while(|(a, b)| a == b).count();
            // A tile that stays through an inner loop along which the subject moves is met twice:
            // the old one after the subject's line, the new one before it comes again.
            let moved = (outer..depth)
                .find(|at| touch.steps[*at] > 0 && nest.loops[touch.path[*at]].trips > 1)
                .map_or(0, |at| touch.steps[at]);
            let stays =
                touch.path[depth..].iter().zip(&touch.steps[depth..]).any(|(index, step)| {
                    *step == 0 && nest.loops[*index].trips > 1 && moves_along(subject, *index)
                });
            let turn = if stays { moved } else { 0 };
            pieces.push(Piece { turn, ..Piece::new(touch, depth) });
        }
        pieces
    }

    /// A piece as a region, with the loops outside it at their first index.
    fn place(&self, piece: &Piece<'_>) -> Region {
        let tiles = if piece.turn > 0 { 2 } else { 1 };
        self.nest
            .region(piece.touch, piece.depth, (tiles, piece.turn), self.line)
            .part(piece.from, piece.to, piece.of)
    }

    /// Share of a piece's lines that lie in sets which hold the whole window.
    ///
    /// Buffers that move shift over the sets, so the share is a mean over samples of the outer
    /// loop indices.
    fn kept(&mut self, own: Piece<'_>, window: &[Piece<'_>], capacity: Capacity) -> Share {
        // Touches of the last iteration of a loop only are in one window of as many as it has.
        let rare = window
            .iter()
            .filter_map(|piece| piece.touch.last_of)
            .find(|index| self.nest.loops[*index].trips > 1 && own.touch.path.contains(index));
        let Some(index) = rare else { return self.kept_whole(own, window, capacity) };
        let often: Vec<Piece<'_>> =
            window.iter().filter(|piece| piece.touch.last_of != Some(index)).copied().collect();
        let mixed = self.kept_whole(own, &often, capacity);
        let last = self.kept_whole(own, window, capacity);
        let trips = u128::from(self.nest.loops[index].trips);
        let kept = (mixed.of(ONE) * (trips - 1) + last.of(ONE)) / trips;
        Share { kept: kept as u64, all: ONE as u64 }
    }

    fn kept_whole(&mut self, own: Piece<'_>, window: &[Piece<'_>], capacity: Capacity) -> Share {
        let none = Share { kept: 0, all: 1 };
        let (mut least, mut most, mut total, mut runs) = (0_u64, 0_u64, 0_u64, 0_u64);
        let regions: Vec<Region> = window.iter().map(|piece| self.place(piece)).collect();
        for region in &regions {
            let (low, high, lines) = bounds(region, capacity);
            least = least.saturating_add(low);
            most = most.saturating_add(high);
            total = total.saturating_add(lines);
            runs = runs.saturating_add(region.runs());
        }
        if most <= capacity.ways {
            return Share::ALL;
        }
        if least > capacity.ways {
            return none;
        }
        let own_region = self.place(&own);
        let runs = runs + own_region.runs();
        if runs > COUNTED_RUNS || (runs > FEW_RUNS && capacity.sets > COUNTED_SETS) {
            let fits = total <= capacity.sets.saturating_mul(capacity.ways);
            return if fits { Share::ALL } else { none };
        }
        // The samples do not depend on the cache, so that a larger one is asked the same.
        let samples = (SAMPLE_WORK / runs).clamp(1, SAMPLES);
        let mut share = Share { kept: 0, all: 0 };
        let mut indices = vec![0; self.nest.loops.len()];
        for sample in 0..samples {
            for (at, (index, nested)) in indices.iter_mut().zip(&self.nest.loops).enumerate() {
                *index = sampled(sample, at as u64, nested.trips);
            }
            let (kept, all) = if runs > FEW_RUNS {
                let changes = &mut self.changes;
                changes.clear();
                changes.resize(capacity.sets as usize + 1, (0, 0));
                for (piece, region) in window.iter().zip(&regions) {
                    count(region, piece.moved(&indices), capacity, |set, change| {
                        changes[set as usize].0 += change;
                    });
                }
                count(&own_region, own.moved(&indices), capacity, |set, change| {
                    changes[set as usize].1 += change;
                });
                let changes = changes[..capacity.sets as usize].iter().enumerate();
                swept(changes.map(|(set, (all, own))| (set as u64, *all, *own)), capacity)
            } else {
                let steps = &mut self.steps;
                steps.clear();
                for (piece, region) in window.iter().zip(&regions) {
                    count(region, piece.moved(&indices), capacity, |set, change| {
                        steps.push((set, change, 0));
                    });
                }
                count(&own_region, own.moved(&indices), capacity, |set, change| {
                    steps.push((set, 0, change));
                });
                steps.sort_unstable_by_key(|(set, ..)| *set);
                swept(steps.iter().copied(), capacity)
            };
            share.kept += kept;
            share.all += all;
        }
        share.all = share.all.max(1);
        share
    }
}

/// Whether a touch moves along a loop.
fn moves_along(touch: &Touch, index: usize) -> bool {
    touch.path.iter().zip(&touch.steps).any(|(other, step)| *other == index && *step > 0)
}

/// Index of a loop in a sample: scattered over the trips, the same in every run.
fn sampled(sample: u64, at: u64, trips: u64) -> u64 {
    // SplitMix64 finaliser (Steele, Lea, Flood 2014).
    let mut value = (sample * 64 + at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (value ^ (value >> 31)) % trips
}

fn in_order(body: &[Node], order: &mut Vec<usize>) {
    for node in body {
        match node {
            Node::Loop(_, inner) => in_order(inner, order),
            Node::Touch(index) => order.push(*index),
        }
    }
}

fn rounded(lines: u128) -> Result<u64> {
    u64::try_from((lines + ONE / 2) / ONE).map_err(|_| Error::Overflow("lines of a layer"))
}

/// Greatest common divisor.
fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
