//! How soon the slots of partial sums are used again: what decides in which cache they stay.
//!
//! A program runs over one block of pixels after another, so that its accesses repeat. Of every
//! access to a line of slots only the *reuse time* is kept: how many accesses of the program lie
//! between it and the next access to the same line, around the end of the program where need be.
//! The average number of distinct lines in a window of `w` accesses follows from these times alone
//! (Xiang et al., "HOTL: a higher order theory of locality", ASPLOS 2013), and from it the misses of
//! a cache; for a trace that repeats, both are exact but for the LRU order within the window.

use super::{OpProgram, Step, schedule::slots_of, steps};

/// Times below this have a bin each.
const EXACT: u64 = 64;
/// Bins of every doubling above it: a bin is at most 1/32 of its time wide.
const BINS: u32 = 32;

/// Times that lie close together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Bin {
    count: u64,
    /// Sum of the times.
    sum: u64,
}

/// A histogram of times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Times(Vec<Bin>);

impl Times {
    fn add(&mut self, time: u64) {
        let bin = bin_of(time);
        if bin >= self.0.len() {
            self.0.resize(bin + 1, Bin { count: 0, sum: 0 });
        }
        self.0[bin].count += 1;
        self.0[bin].sum += time;
    }

    /// Every time with how often it is met, ascending; times of a bin as their mean.
    pub fn iter(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let met = self.0.iter().filter(|bin| bin.count > 0);
        met.map(|bin| (bin.sum as f64 / bin.count as f64, bin.count))
    }

    /// How many times are longer than `window`.
    #[cfg(test)]
    fn longer_than(&self, window: f64) -> u64 {
        self.iter().filter(|(time, _)| *time > window).map(|(_, count)| count).sum()
    }
}

/// Bins are exact up to [`EXACT`], then [`BINS`] to each doubling.
fn bin_of(time: u64) -> usize {
    if time < EXACT {
        return time as usize;
    }
    let doubling = time.ilog2();
    let within = (time >> (doubling - BINS.ilog2())) - u64::from(BINS);
    (EXACT + u64::from((doubling - EXACT.ilog2()) * BINS) + within) as usize
}

/// The accesses to lines of slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LineTimes {
    /// Of every access, the time until the line's next one.
    pub accesses: Times,
    /// Of every write, the longest time without an access until the line's next write.
    pub between_writes: Times,
    /// Lines of the largest program.
    pub lines: u64,
}

impl LineTimes {
    /// Of no accesses.
    const NONE: Self =
        Self { accesses: Times(Vec::new()), between_writes: Times(Vec::new()), lines: 0 };
}

/// Accesses of the programs of a layer, one a group, and when its slots are used again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotReuse {
    /// Operands that are inputs.
    pub input_reads: u64,
    /// Operands that are sums in slots.
    pub slot_reads: u64,
    /// Sums that are written.
    pub slot_writes: u64,
    /// All accesses, those that write outputs among them: the unit of time.
    pub accesses: u64,
    /// Inputs that lie side by side in one row of a patch.
    row: u32,
    /// Of every read of an input, the time until the next read of its row.
    rows: Times,
    /// Slots that share a line, and the accesses to such lines.
    lines: Vec<(u64, LineTimes)>,
}

impl SlotReuse {
    /// Of no program yet, for lines that hold so many slots each: one where a vector fills a line or
    /// more, eight where vectors of 16 bytes lie in lines of 128. `row` inputs after each other are
    /// one row of a patch: the width of the kernel.
    #[must_use]
    pub fn new(slots_a_line: &[u64], row: u64) -> Self {
        let mut sizes: Vec<u64> = slots_a_line.iter().map(|slots| (*slots).max(1)).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let lines = sizes.into_iter().map(|slots| (slots, LineTimes::default())).collect();
        Self {
            input_reads: 0,
            slot_reads: 0,
            slot_writes: 0,
            accesses: 0,
            row: (row as u32).max(1),
            rows: Times::default(),
            lines,
        }
    }

    /// Adds the accesses of a program, which runs as often as the others.
    #[must_use]
    pub fn with(mut self, program: &OpProgram) -> Self {
        let (slot_of_node, slots) = slots_of(program);
        self.follow(program, (&slot_of_node, slots), &|trace| {
            for step in steps(program) {
                match step {
                    Step::Node(node) => {
                        trace.node(program, node);
                    }
                    Step::Output(output) => {
                        let terms = &program.outputs()[output as usize].terms;
                        terms.iter().for_each(|(term, _)| trace.read(term.source));
                        trace.now += 1;
                    }
                }
            }
        });
        self
    }

    /// Of every read of an input, the time until its row of the patch is read again.
    #[must_use]
    pub fn rows(&self) -> &Times {
        &self.rows
    }

    /// The accesses to lines that hold so many slots each; those of the nearest number that is
    /// known.
    #[must_use]
    pub fn lines(&self, slots_a_line: u64) -> &LineTimes {
        let near = |(slots, _): &&(u64, LineTimes)| slots.abs_diff(slots_a_line);
        static NONE: LineTimes = LineTimes::NONE;
        self.lines.iter().min_by_key(near).map_or(&NONE, |(_, lines)| lines)
    }

    /// The accesses of a program that runs in rounds: the sums of one part of the inputs, then every
    /// filter adds those it needs to its accumulator. `round_of` names the round of every input,
    /// from 0; a node that reads inputs of one round belongs to it, any other is a filter's sum.
    pub(crate) fn add_rounds(&mut self, program: &OpProgram, round_of: &[u32]) {
        let rounds = Rounds::of(program, round_of);
        let slots = (rounds.slot_of_node.as_slice(), rounds.slots);
        self.follow(program, slots, &|trace| rounds.run(program, trace));
    }

    /// Follows a program, whose nodes stand in some of so many slots, once for every size of lines.
    fn follow(
        &mut self,
        program: &OpProgram,
        (slot_of_node, slots): (&[u32], u32),
        run: &dyn Fn(&mut Trace<'_>),
    ) {
        let rows = program.inputs().div_ceil(self.row);
        for (at, (slots_a_line, lines)) in self.lines.iter_mut().enumerate() {
            let count = u64::from(slots).div_ceil(*slots_a_line);
            lines.lines = lines.lines.max(count);
            let mut trace = Trace {
                now: 0,
                input_reads: 0,
                slot_reads: 0,
                slot_writes: 0,
                inputs: program.inputs(),
                slot_of_node,
                slots_a_line: *slots_a_line as u32,
                known: vec![Line::default(); count as usize],
                lines,
                row: self.row,
                // Once is enough.
                rows: vec![Line::default(); if at == 0 { rows as usize } else { 0 }],
                row_times: &mut self.rows,
            };
            run(&mut trace);
            trace.finish();
            if at == 0 {
                self.input_reads += trace.input_reads;
                self.slot_reads += trace.slot_reads;
                self.slot_writes += trace.slot_writes;
                self.accesses += trace.now;
            }
        }
    }
}

/// Accesses, followed in the order in which they are made.
struct Trace<'a> {
    now: u64,
    input_reads: u64,
    slot_reads: u64,
    slot_writes: u64,
    /// Operands that are inputs; the others are nodes.
    inputs: u32,
    slot_of_node: &'a [u32],
    slots_a_line: u32,
    known: Vec<Line>,
    lines: &'a mut LineTimes,
    row: u32,
    /// Rows of inputs; none where they are not followed.
    rows: Vec<Line>,
    row_times: &'a mut Times,
}

impl Trace<'_> {
    /// The sum of a node: reads of its terms, and the write of its slot.
    fn node(&mut self, program: &OpProgram, node: u32) {
        program.node(node).iter().for_each(|term| self.read(term.source));
        self.access(self.slot_of_node[node as usize], true);
    }

    /// A read of an operand: of a node's slot, or of an input.
    fn read(&mut self, source: u32) {
        if let Some(node) = source.checked_sub(self.inputs) {
            return self.access(self.slot_of_node[node as usize], false);
        }
        let row = (source / self.row) as usize;
        if let Some(last) = self.rows.get_mut(row).and_then(|row| row.access(self.now, false).0) {
            self.row_times.add(last);
        }
        self.input_reads += 1;
        self.now += 1;
    }

    fn access(&mut self, slot: u32, write: bool) {
        let line = &mut self.known[(slot / self.slots_a_line) as usize];
        let (since, between_writes) = line.access(self.now, write);
        since.into_iter().for_each(|time| self.lines.accesses.add(time));
        between_writes.into_iter().for_each(|time| self.lines.between_writes.add(time));
        if write {
            self.slot_writes += 1;
        } else {
            self.slot_reads += 1;
        }
        self.now += 1;
    }

    fn finish(&mut self) {
        for line in &self.known {
            let (since, between_writes) = line.wrap(self.now);
            since.into_iter().for_each(|time| self.lines.accesses.add(time));
            between_writes.into_iter().for_each(|time| self.lines.between_writes.add(time));
        }
        for time in self.rows.iter().filter_map(|row| row.wrap(self.now).0) {
            self.row_times.add(time);
        }
    }
}

/// A program's nodes by round; accumulators of filters stand in the first slots.
struct Rounds {
    /// Nodes of every round, in program order.
    parts: Vec<Vec<u32>>,
    /// Slot of every node: an accumulator, or a place that the next round uses again.
    slot_of_node: Vec<u32>,
    /// Terms that every round adds to accumulators: (accumulator, source), by accumulator.
    updates: Vec<Vec<(u32, u32)>>,
    slots: u32,
}

impl Rounds {
    fn of(program: &OpProgram, round_of: &[u32]) -> Self {
        let count = round_of.iter().max().map_or(1, |last| *last as usize + 1);
        let inputs = program.inputs() as usize;
        // Round of inputs and nodes; none for the filters' sums.
        let mut round: Vec<Option<u32>> = round_of.iter().copied().map(Some).collect();
        round.resize(inputs, Some(0));
        let mut rounds = Self {
            parts: vec![Vec::new(); count],
            slot_of_node: vec![0; program.nodes() as usize],
            updates: vec![Vec::new(); count],
            slots: 0,
        };
        let mut sums = Vec::new();
        for node in 0..program.nodes() {
            let mut of_terms = program.node(node).iter().map(|term| round[term.source as usize]);
            let first = of_terms.next().flatten();
            let own = first.filter(|first| of_terms.all(|other| other == Some(*first)));
            round.push(own);
            match own {
                Some(own) => rounds.parts[own as usize].push(node),
                None => sums.push(node),
            }
        }
        for (accumulator, node) in (0..).zip(&sums) {
            rounds.slot_of_node[*node as usize] = accumulator;
            for term in program.node(*node) {
                let at = round[term.source as usize].unwrap_or(0);
                rounds.updates[at as usize].push((accumulator, term.source));
            }
        }
        let accumulators = sums.len() as u32;
        for part in &rounds.parts {
            for (slot, node) in (accumulators..).zip(part) {
                rounds.slot_of_node[*node as usize] = slot;
            }
            rounds.slots = rounds.slots.max(accumulators + part.len() as u32);
        }
        rounds
    }

    fn run(&self, program: &OpProgram, trace: &mut Trace<'_>) {
        let mut started = vec![false; program.nodes() as usize];
        for (part, updates) in self.parts.iter().zip(&self.updates) {
            for node in part {
                trace.node(program, *node);
            }
            for own in updates.chunk_by(|first, second| first.0 == second.0) {
                let accumulator = own[0].0;
                own.iter().for_each(|(_, source)| trace.read(*source));
                if std::mem::replace(&mut started[accumulator as usize], true) {
                    trace.access(accumulator, false);
                }
                trace.access(accumulator, true);
            }
        }
        for output in program.outputs() {
            output.terms.iter().for_each(|(term, _)| trace.read(term.source));
            trace.now += 1;
        }
    }
}

/// What is known of a line while the trace is followed.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    seen: bool,
    written: bool,
    first: u64,
    last: u64,
    /// Longest time without an access before the first write, and since the last one.
    before: u64,
    since: u64,
}

impl Line {
    /// The time since the last access, and, for a write, the longest pause since the last write.
    fn access(&mut self, time: u64, write: bool) -> (Option<u64>, Option<u64>) {
        let since = self.seen.then(|| time - self.last);
        if let Some(gap) = since {
            self.since = self.since.max(gap);
        } else {
            (self.seen, self.first) = (true, time);
        }
        let mut between_writes = None;
        if write {
            if self.written {
                between_writes = Some(self.since);
            } else {
                self.before = self.since;
            }
            (self.written, self.since) = (true, 0);
        }
        self.last = time;
        (since, between_writes)
    }

    /// The same at the end of the trace, which goes on at its start.
    fn wrap(&self, length: u64) -> (Option<u64>, Option<u64>) {
        let gap = self.first + length - self.last;
        let between_writes = self.since.max(gap).max(self.before);
        (self.seen.then_some(gap), self.written.then_some(between_writes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{InputSpace, Output, Term};
    use super::*;

    /// p = a+b in slot 0 (written at 2), q = p+c in slot 1 (p read at 3, q written at 5), output q
    /// (read at 6, stored at 7): eight accesses. Slot 0 is used at 2 and 3: times 1 and 7. Slot 1 at
    /// 5 and 6: times 1 and 7. Each is written once, so that the longest pause between writes is 7.
    #[test]
    fn times_go_around_the_end() {
        let plus = |source| Term::new(source, false);
        let mut program = OpProgram::new(InputSpace::Patch, 3);
        let p = program.push_node([plus(0), plus(1)]);
        let q = program.push_node([plus(p), plus(2)]);
        program.push_output(Output { terms: vec![(plus(q), 1)] });
        let reuse = SlotReuse::new(&[1, 2], 3).with(&program);
        assert_eq!((reuse.input_reads, reuse.slot_reads, reuse.slot_writes), (3, 2, 2));
        assert_eq!(reuse.accesses, 8);
        // a, b and c are one row: read at 0, 1 and 4.
        assert_eq!(reuse.rows().iter().collect::<Vec<_>>(), [(1.0, 1), (3.0, 1), (4.0, 1)]);
        let lines = reuse.lines(1);
        assert_eq!(lines.lines, 2);
        assert_eq!(lines.accesses.longer_than(0.0), 4);
        assert_eq!(lines.accesses.longer_than(1.0), 2);
        assert_eq!(lines.accesses.longer_than(7.0), 0);
        assert_eq!(lines.accesses.iter().collect::<Vec<_>>(), [(1.0, 2), (7.0, 2)]);
        assert_eq!(lines.between_writes.longer_than(6.5), 2);
        // Both slots in one line: used at 2, 3, 5, 6; written at 2 and 5.
        let shared = reuse.lines(2);
        assert_eq!((shared.lines, shared.accesses.longer_than(0.0)), (1, 4));
        assert_eq!(shared.accesses.longer_than(2.0), 1);
        assert_eq!(shared.between_writes.longer_than(2.0), 1);
    }

    /// Inputs a, b in round 0 and c, d in round 1. Filter 0 = (a+b) + (c+d), filter 1 = (a+b) + c.
    /// Accumulators in slots 0 and 1, the part of a round in slot 2. Round 0: a, b, write 2; read 2,
    /// write 0; read 2, write 1. Round 1: c, d, write 2; read 2, read 0, write 0; c, read 1, write
    /// 1. Then read 0, store, read 1, store. 7 slot reads, 6 slot writes, 5 inputs, 2 outputs.
    #[test]
    fn rounds_update_accumulators() {
        let plus = |source| Term::new(source, false);
        let mut program = OpProgram::new(InputSpace::Patch, 4);
        let first = program.push_node([plus(0), plus(1)]);
        let second = program.push_node([plus(2), plus(3)]);
        for other in [second, 2] {
            let sum = program.push_node([plus(first), plus(other)]);
            program.push_output(Output { terms: vec![(plus(sum), 1)] });
        }
        let mut reuse = SlotReuse::new(&[1], 1);
        reuse.add_rounds(&program, &[0, 0, 1, 1]);
        assert_eq!((reuse.input_reads, reuse.slot_reads, reuse.slot_writes), (5, 7, 6));
        assert_eq!((reuse.accesses, reuse.lines(1).lines), (20, 3));
    }

    #[test]
    fn bins_grow_with_the_time() {
        for time in 1..100_000_u64 {
            assert!(bin_of(time) >= bin_of(time - 1) && bin_of(time) - bin_of(time - 1) <= 1);
        }
        let width = (1..).take_while(|more| bin_of(65_536 + more) == bin_of(65_536)).count();
        assert_eq!(width, 65_536 / 32 - 1);
    }
}
