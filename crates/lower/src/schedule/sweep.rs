//! From a program to passes: inputs are swept once for many sums that wait in registers.
//!
//! A pass computes filters whose sums over inputs ("accumulators") all fit in registers. It loads
//! each input that some accumulator adds once, adds it to all of them, and then completes the
//! sums of sums. A load that does not lie on a vector boundary costs more than an add, so what
//! pays is many adds a load. Filters that share too many sums for that are computed node after
//! node, with inputs as memory operands: pushed to their readers ([`super::push`]) where that fits
//! the registers, otherwise with spilled values.

use super::{
    cluster::{Cluster, clusters, pack},
    limits::Limits,
    order::{Item, order},
    push::push,
    registers::Values,
    steps::{Finish, Pass, Register, Source, Step},
};
use signloop_method::{OpProgram, Output, Term};
use signloop_network::quant::CodeMatrix;

/// The passes of one group's program. `None` if a filter needs chunks but its sums are shared by
/// more filters than fit in registers: such a program needs wider lanes.
#[must_use]
pub fn schedule(program: &OpProgram, codes: CodeMatrix<'_>, limits: Limits) -> Option<Vec<Pass>> {
    let clusters = pack(program, clusters(program), limits.accumulators);
    clusters.iter().map(|cluster| pass(program, codes, cluster, limits)).collect()
}

fn pass(
    program: &OpProgram,
    codes: CodeMatrix<'_>,
    cluster: &Cluster,
    limits: Limits,
) -> Option<Pass> {
    let swept = cluster.accumulators(program) <= limits.accumulators;
    let steps = if swept { column_steps(program, cluster) } else { vec![0; codes.columns] };
    let bounds = chunks(codes, cluster, &steps, limits);
    if !swept {
        if let Some(pass) = push(program, codes, cluster, limits) {
            return Some(pass);
        }
        if bounds.len() > 2 {
            return None;
        }
    }
    let order = order(program, cluster);
    let mut builder =
        Builder { program, cluster, codes, order: &order, limits, pass: Pass::default() };
    builder.pass.outputs.clone_from(&cluster.outputs);
    for (chunk, bound) in bounds.windows(2).enumerate() {
        builder.chunk(bound[0]..bound[1], chunk == 0, chunk + 2 == bounds.len(), swept);
    }
    Some(builder.pass)
}

/// Steps that a sweep takes for every column: a load that several sums read, and the adds.
fn column_steps(program: &OpProgram, cluster: &Cluster) -> Vec<usize> {
    let mut readers = vec![0_usize; program.inputs() as usize];
    for node in &cluster.nodes {
        for term in program.node(*node) {
            if let Some(readers) = readers.get_mut(term.source as usize) {
                *readers += 1;
            }
        }
    }
    readers.into_iter().map(|readers| readers + usize::from(readers > 1)).collect()
}

/// Bounds of the chunks of columns: in none does a filter of the pass add too many weights, and
/// each has about as many steps as the next.
fn chunks(codes: CodeMatrix<'_>, cluster: &Cluster, steps: &[usize], limits: Limits) -> Vec<usize> {
    let total: usize = steps.iter().sum();
    let most = total.div_ceil(total.div_ceil(limits.steps_a_chunk).max(1));
    let limit = limits.weights_a_chunk.unwrap_or(u32::MAX);
    let mut bounds = vec![0];
    let (mut sums, mut taken) = (vec![0_u32; cluster.outputs.len()], 0);
    for (column, steps) in steps.iter().enumerate() {
        taken += steps;
        let mut full = taken > most;
        for (sum, output) in sums.iter_mut().zip(&cluster.outputs) {
            *sum += u32::from(codes.row(*output as usize)[column] != 0);
            full |= *sum > limit;
        }
        if full {
            bounds.push(column);
            taken = *steps;
            for (sum, output) in sums.iter_mut().zip(&cluster.outputs) {
                *sum = u32::from(codes.row(*output as usize)[column] != 0);
            }
        }
    }
    bounds.push(codes.columns);
    bounds
}

struct Builder<'a> {
    program: &'a OpProgram,
    cluster: &'a Cluster,
    codes: CodeMatrix<'a>,
    order: &'a [Item],
    limits: Limits,
    pass: Pass,
}

impl Builder<'_> {
    fn local(&self, term: &Term) -> Option<usize> {
        let node = term.source.checked_sub(self.program.inputs())?;
        self.cluster.nodes.binary_search(&node).ok()
    }

    /// One read for every item that reads a value, last first; the position is that of the item.
    fn reads(&self) -> Vec<Vec<u32>> {
        let mut reads = vec![Vec::new(); self.cluster.nodes.len()];
        for (position, item) in self.order.iter().enumerate().rev() {
            let mut note = |term: &Term| {
                if let Some(value) = self.local(term)
                    && reads[value].last() != Some(&(position as u32))
                {
                    reads[value].push(position as u32);
                }
            };
            match item {
                Item::Node(node) => self.program.node(*node).iter().for_each(&mut note),
                Item::Output(output) => {
                    let output = &self.program.outputs()[*output as usize];
                    output.terms.iter().for_each(|(term, _)| note(term));
                }
            }
        }
        reads
    }

    fn chunk(&mut self, columns: std::ops::Range<usize>, first: bool, last: bool, swept: bool) {
        let mut values = Values::new(self.limits.registers, self.reads());
        if swept {
            self.sweep(&mut values, columns.clone());
        }
        for item in self.order {
            match item {
                Item::Node(node) => self.node(&mut values, *node, swept, &columns),
                Item::Output(output) => {
                    let codes = &self.codes.row(*output as usize)[columns.clone()];
                    let count = |code: i8| codes.iter().filter(|own| **own == code).count() as u32;
                    let finish = Finish {
                        from: 0,
                        output: *output,
                        local: self.local_output(*output),
                        negative: false,
                        factor: 1,
                        first,
                        last,
                        minus: count(-1),
                        plus: count(1),
                    };
                    self.output(&mut values, finish, &columns);
                }
            }
        }
        self.pass.slots = self.pass.slots.max(values.slots());
        self.pass.steps.append(&mut values.steps);
        self.pass.chunks.push(self.pass.steps.len());
    }

    fn local_output(&self, output: u32) -> u32 {
        let place = self.cluster.outputs.iter().position(|own| *own == output);
        place.unwrap_or(0) as u32
    }

    /// Adds every input of the columns to the sums that read it.
    fn sweep(&self, values: &mut Values, columns: std::ops::Range<usize>) {
        let mut readers: Vec<Vec<(usize, bool)>> = vec![Vec::new(); columns.len()];
        for (value, node) in self.cluster.nodes.iter().enumerate() {
            for term in self.program.node(*node) {
                if columns.contains(&(term.source as usize)) {
                    readers[term.source as usize - columns.start].push((value, term.negative));
                }
            }
        }
        let mut toggle = 0;
        for (tap, readers) in readers.iter().enumerate() {
            let tap = Source::Tap((tap + columns.start) as u32);
            let shared = readers.len() > 1;
            let from = if shared {
                // Two registers in turn, so that a load need not wait for the adds of the last.
                let to = (self.limits.registers + toggle) as Register;
                toggle ^= 1;
                values.steps.push(Step::Set { to, from: tap });
                Source::Register(to)
            } else {
                tap
            };
            for (value, negative) in readers {
                match values.register_of(*value) {
                    Some(to) => {
                        let negative = *negative != values.is_negated(*value);
                        values.steps.push(Step::Add { to, from, negative });
                    }
                    None => {
                        let to = values.allocate(*value, *negative, &[]);
                        values.steps.push(Step::Set { to, from });
                    }
                }
            }
        }
    }

    /// Completes a node from its terms.
    fn node(&self, values: &mut Values, node: u32, swept: bool, columns: &std::ops::Range<usize>) {
        let inputs = self.program.inputs();
        let Ok(value) = self.cluster.nodes.binary_search(&node) else { return };
        let mut taps: Vec<Term> = Vec::new();
        let mut sums: Vec<(usize, bool)> = Vec::new();
        for term in self.program.node(node) {
            if term.source < inputs {
                if !swept && columns.contains(&(term.source as usize)) {
                    taps.push(*term);
                }
            } else if let Some(read) = self.local(term) {
                sums.push((read, term.negative));
            }
        }
        let mut distinct: Vec<usize> = sums.iter().map(|(read, _)| *read).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let once = distinct.len() == sums.len();
        sums.retain(|(read, _)| !values.is_zero(*read));
        let mut register = values.resume(value);
        let mut taken = None;
        if register.is_none() && once {
            // Grow a sum that no one else will read.
            for (at, (read, negative)) in sums.iter().enumerate() {
                if let Some(found) = values.take_over(*read, value) {
                    // The register now holds ±read; it counts as the value with that sign.
                    let negated = values.is_negated(value) != *negative;
                    values.set_negated(value, negated);
                    register = Some(found);
                    taken = Some(at);
                    break;
                }
            }
        }
        if let Some(at) = taken {
            let (read, _) = sums.remove(at);
            distinct.retain(|own| *own != read);
        }
        let mut add =
            |values: &mut Values, from: Source, negative: bool, keep: &[usize]| match register {
                Some(to) => {
                    let negative = negative != values.is_negated(value);
                    values.steps.push(Step::Add { to, from, negative });
                }
                None => {
                    let to = values.allocate(value, negative, keep);
                    values.steps.push(Step::Set { to, from });
                    register = Some(to);
                }
            };
        for term in &taps {
            add(values, Source::Tap(term.source), term.negative, &[]);
        }
        for (read, negative) in &sums {
            let negative = *negative != values.is_negated(*read);
            let from = values.source(*read);
            add(values, from, negative, &[*read]);
        }
        if register.is_none() {
            values.set_zero(value);
        }
        for read in distinct {
            values.read(read);
        }
    }

    fn output(&self, values: &mut Values, finish: Finish, columns: &std::ops::Range<usize>) {
        let output: &Output = &self.program.outputs()[finish.output as usize];
        let scratch = (self.limits.registers + 1) as Register;
        let mut reads: Vec<usize> = Vec::new();
        let mut terms: Vec<(Source, bool, u8)> = Vec::new();
        for (term, factor) in &output.terms {
            let (source, flip) = match self.local(term) {
                Some(value) => {
                    reads.push(value);
                    if values.is_zero(value) {
                        continue;
                    }
                    (values.source(value), values.is_negated(value))
                }
                None if columns.contains(&(term.source as usize)) => {
                    (Source::Tap(term.source), false)
                }
                None => continue,
            };
            let negative = (term.negative != (*factor < 0)) != flip;
            terms.push((source, negative, factor.unsigned_abs()));
        }
        let mut done = finish;
        match terms.as_slice() {
            [] => {
                values.steps.push(Step::Zero { to: scratch });
                done.from = scratch;
            }
            [(Source::Register(from), negative, factor)] => {
                done = Finish { from: *from, negative: *negative, factor: *factor, ..done };
            }
            [(from, negative, factor)] => {
                values.steps.push(Step::Set { to: scratch, from: *from });
                done = Finish { from: scratch, negative: *negative, factor: *factor, ..done };
            }
            terms => {
                // T − 2·Z and the like: each unit of a factor is one add, as a multiply would be.
                let mut units = terms.iter().flat_map(|(from, negative, factor)| {
                    std::iter::repeat_n((*from, *negative), usize::from(*factor))
                });
                if let Some((from, negative)) = units.next() {
                    values.steps.push(Step::Set { to: scratch, from });
                    done.negative = negative;
                }
                for (from, negative) in units {
                    let negative = negative != done.negative;
                    values.steps.push(Step::Add { to: scratch, from, negative });
                }
                done.from = scratch;
            }
        }
        values.steps.push(Step::Finish(done));
        reads.sort_unstable();
        reads.dedup();
        for read in reads {
            values.read(read);
        }
    }
}
