//! Where every node is wanted, and what that costs beyond the map.

use super::grid::{Axis, Grid, Reach, Row};
use crate::{OpProgram, Shift, Term};
use signloop_base::{Error, Result};
use signloop_network::workload::LayerShape;

impl OpProgram {
    /// Adds of one image of a plane program of a layer beyond `adds × positions`.
    ///
    /// # Errors
    /// The program reads further than a row has bits for, or the count overflows.
    pub fn halo_adds(&self, shape: &LayerShape) -> Result<u64> {
        let far = || Error::Overflow("displacement");
        let reach = Reach::of(self).ok_or_else(far)?;
        let stride = shape.stride.max(1);
        // Input pixels φ, φ + stride, ... are lattice positions 0, 1, ... of phase φ.
        let sizes = |input: u64| -> Vec<i64> {
            (0..stride).map(|phase| input.saturating_sub(phase).div_ceil(stride) as i64).collect()
        };
        let rows = Axis::new(shape.out_height(), sizes(shape.in_height), reach.rows);
        let columns = Axis::new(shape.out_width(), sizes(shape.in_width), reach.columns);
        let grid = Grid { rows: rows.ok_or_else(far)?, columns: columns.ok_or_else(far)? };
        Counter::new(self, &grid).count().ok_or(Error::Overflow("halo adds"))
    }
}

/// Where every node is wanted, and where every operand may be other than zero.
struct Counter<'a> {
    program: &'a OpProgram,
    grid: &'a Grid,
    rows: usize,
    /// Rows of the map, unmoved.
    map: Vec<Row>,
    /// By node.
    wanted: Vec<Row>,
    /// The least displacement at which a node is wanted.
    nearest: Vec<Option<Shift>>,
    /// By phase, then by node.
    present: Vec<Row>,
}

impl<'a> Counter<'a> {
    fn new(program: &'a OpProgram, grid: &'a Grid) -> Self {
        let rows = grid.rows.cells as usize;
        let nodes = program.nodes() as usize;
        let rectangle = |height: i64, width: i64| {
            let bits = grid.columns.bits(width);
            (grid.rows.first..grid.rows.first + grid.rows.cells)
                .map(move |row| if (0..height).contains(&row) { bits } else { 0 })
        };
        let mut present = Vec::new();
        for height in &grid.rows.inputs {
            for width in &grid.columns.inputs {
                present.extend(rectangle(*height, *width));
            }
        }
        present.resize(present.len() + nodes * rows, 0);
        Self {
            program,
            grid,
            rows,
            map: rectangle(grid.rows.map, grid.columns.map).collect(),
            wanted: vec![0; nodes * rows],
            nearest: vec![None; nodes],
            present,
        }
    }

    fn count(mut self) -> Option<u64> {
        self.want();
        let mut halo = 0_u64;
        let mut extra = vec![0; self.rows];
        for node in 0..self.program.nodes() {
            self.see(node);
            let Some(nearest) = self.nearest[node as usize] else { continue };
            let mut any = 0;
            for (row, extra) in extra.iter_mut().enumerate() {
                let base = moved_back(&self.map, row, nearest);
                *extra = self.wanted[node as usize * self.rows + row] & !base;
                any |= *extra;
            }
            if any != 0 {
                let sum = self.program.node(node).iter();
                let terms = sum.map(|term| self.weigh(&extra, self.operand(term), term.shift));
                let terms = terms.sum::<u64>();
                let some = self.weigh(&extra, self.node_rows(node), Shift::default());
                halo = halo.checked_add(terms.checked_sub(some)?)?;
            }
        }
        Some(halo)
    }

    /// Fills in where nodes are wanted. Readers come after what they read.
    fn want(&mut self) {
        let map = self.map.clone();
        for (term, _) in self.program.outputs().iter().flat_map(|output| &output.terms) {
            self.want_at(term, &map, Shift::default());
        }
        for node in (0..self.program.nodes()).rev() {
            let Some(nearest) = self.nearest[node as usize] else { continue };
            let start = node as usize * self.rows;
            let own = self.wanted[start..start + self.rows].to_vec();
            for term in self.program.node(node) {
                self.want_at(term, &own, nearest);
            }
        }
    }

    fn want_at(&mut self, term: &Term, reader: &[Row], from: Shift) {
        let Some(node) = term.source.checked_sub(self.program.inputs()) else { return };
        let shift = term.shift;
        // In 8 bits both: the reach has at most 128 positions.
        let total =
            Shift { dy: from.dy.wrapping_add(shift.dy), dx: from.dx.wrapping_add(shift.dx) };
        let distance =
            |at: &Shift| (u16::from(at.dy.unsigned_abs()) + u16::from(at.dx.unsigned_abs()), *at);
        let nearest = &mut self.nearest[node as usize];
        if nearest.is_none_or(|near| distance(&total) < distance(&near)) {
            *nearest = Some(total);
        }
        let own = &mut self.wanted[node as usize * self.rows..][..self.rows];
        for (row, own) in own.iter_mut().enumerate() {
            *own |= moved_back(reader, row, shift);
        }
    }

    /// Fills in where a node may be other than zero.
    fn see(&mut self, node: u32) {
        for row in 0..self.rows {
            let sum = self.program.node(node).iter();
            let seen = sum.fold(0, |seen, term| seen | moved(self.operand(term), row, term.shift));
            let start = self.phases() * self.rows + node as usize * self.rows;
            self.present[start + row] = seen;
        }
    }

    fn phases(&self) -> usize {
        self.grid.rows.inputs.len() * self.grid.columns.inputs.len()
    }

    fn node_rows(&self, node: u32) -> &[Row] {
        &self.present[(self.phases() + node as usize) * self.rows..][..self.rows]
    }

    /// Where a term's operand may be other than zero.
    fn operand(&self, term: &Term) -> &[Row] {
        match term.source.checked_sub(self.program.inputs()) {
            Some(node) => self.node_rows(node),
            None => {
                let phase = term.source as usize % self.phases();
                &self.present[phase * self.rows..][..self.rows]
            }
        }
    }

    /// Positions of `extra` at which an operand may be other than zero.
    fn weigh(&self, extra: &[Row], operand: &[Row], shift: Shift) -> u64 {
        let (rows, columns) = (&self.grid.rows, &self.grid.columns);
        let count = |(row, extra): (usize, &Row)| {
            let bits = extra & moved(operand, row, shift);
            let middle = columns.middle < columns.cells && bits >> columns.middle & 1 == 1;
            let alike = if middle { columns.weight - 1 } else { 0 };
            let count = u64::from(bits.count_ones()) + alike;
            if row as i64 == rows.middle { count * rows.weight } else { count }
        };
        extra.iter().enumerate().filter(|(_, extra)| **extra != 0).map(count).sum()
    }
}

/// A row of what an operand shows at a displacement: position p sees p + shift.
fn moved(operand: &[Row], row: usize, shift: Shift) -> Row {
    let from = row as i64 + i64::from(shift.dy);
    let bits = usize::try_from(from).ok().and_then(|from| operand.get(from)).copied();
    slide(bits.unwrap_or(0), -i32::from(shift.dx))
}

/// A row of where an operand is wanted for a reader at a displacement: p + shift, for reader p.
fn moved_back(reader: &[Row], row: usize, shift: Shift) -> Row {
    let from = row as i64 - i64::from(shift.dy);
    let bits = usize::try_from(from).ok().and_then(|from| reader.get(from)).copied();
    slide(bits.unwrap_or(0), i32::from(shift.dx))
}

/// Bits moved up.
fn slide(bits: Row, by: i32) -> Row {
    let amount = by.unsigned_abs();
    let moved = if by < 0 { bits.checked_shr(amount) } else { bits.checked_shl(amount) };
    moved.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{InputSpace, Output, PlanOptions, PlanRequest, find};
    use signloop_network::{
        quant::{Randomness, Scheme, synthesise},
        workload::LayerKind,
    };

    type Place = (i64, i64);

    fn conv(size: (u64, u64), (kernel, stride, padding): (u64, u64, u64)) -> LayerShape {
        LayerShape {
            kind: LayerKind::Conv,
            batch: 1,
            in_channels: 3,
            out_channels: 12,
            in_height: size.0,
            in_width: size.1,
            kernel_height: kernel,
            kernel_width: kernel,
            stride,
            padding,
            dilation: 1,
            groups: 1,
        }
        .checked()
        .unwrap()
    }

    /// Whether an operand may be other than zero at a position, followed down to the inputs.
    fn present(program: &OpProgram, shape: &LayerShape, source: u32, (y, x): Place) -> bool {
        let Some(node) = source.checked_sub(program.inputs()) else {
            let stride = shape.stride as i64;
            let phase = i64::from(source) % (stride * stride);
            let (row, column) = (y * stride + phase / stride, x * stride + phase % stride);
            return (0..shape.in_height as i64).contains(&row)
                && (0..shape.in_width as i64).contains(&column);
        };
        program.node(node).iter().any(|term| {
            let at = (y + i64::from(term.shift.dy), x + i64::from(term.shift.dx));
            present(program, shape, term.source, at)
        })
    }

    /// The same count, position by position.
    fn one_by_one(program: &OpProgram, shape: &LayerShape) -> u64 {
        let inputs = program.inputs();
        let mut moves: Vec<BTreeSet<Place>> = vec![BTreeSet::new(); program.nodes() as usize];
        let want = |term: &Term, (dy, dx): Place, moves: &mut Vec<BTreeSet<Place>>| {
            if let Some(node) = term.source.checked_sub(inputs) {
                let to = (dy + i64::from(term.shift.dy), dx + i64::from(term.shift.dx));
                moves[node as usize].insert(to);
            }
        };
        for (term, _) in program.outputs().iter().flat_map(|output| &output.terms) {
            want(term, (0, 0), &mut moves);
        }
        let map = |(dy, dx): &Place| -> BTreeSet<Place> {
            let rows = 0..shape.out_height() as i64;
            rows.flat_map(|y| (0..shape.out_width() as i64).map(move |x| (y + dy, x + dx)))
                .collect()
        };
        let mut halo = 0;
        for node in (0..program.nodes()).rev() {
            let own = moves[node as usize].clone();
            for (term, from) in
                program.node(node).iter().flat_map(|term| own.iter().map(move |at| (term, at)))
            {
                want(term, *from, &mut moves);
            }
            let Some(least) = own.iter().min_by_key(|at| (at.0.abs() + at.1.abs(), **at)) else {
                continue;
            };
            let all: BTreeSet<Place> = own.iter().flat_map(map).collect();
            for (y, x) in all.difference(&map(least)) {
                let terms = program.node(node).iter().filter(|term| {
                    let at = (y + i64::from(term.shift.dy), x + i64::from(term.shift.dx));
                    present(program, shape, term.source, at)
                });
                halo += (terms.count() as u64).saturating_sub(1);
            }
        }
        halo
    }

    /// Maps that are cut down, and maps too small for it; with strides, without padding, and with
    /// more padding than the kernel reads.
    #[test]
    fn counts_equal_counting_position_by_position() {
        let kernels = [(3, 1, 1), (3, 2, 1), (3, 1, 0), (5, 1, 2), (2, 1, 0), (5, 2, 2), (3, 1, 3)];
        let mut all = 0;
        for kernel in kernels {
            for size in [(17, 12), (5, 6), (9, 30)] {
                let shape = conv(size, kernel);
                let randomness = Randomness { density: 0.6, spread: 0.0, seed: 5 };
                let weights =
                    synthesise(Scheme::Ternary, shape.weight_shape(), randomness).unwrap();
                let options = PlanOptions::default();
                let request = PlanRequest::of_shape(&shape, &weights, &options);
                let plan = find("shift-shared").unwrap().plan(&request).unwrap();
                let halo = plan.programs[0].halo_adds(&shape).unwrap();
                assert_eq!(halo, one_by_one(&plan.programs[0], &shape), "{size:?} {kernel:?}");
                all += halo;
            }
        }
        assert!(all > 0, "no case has a halo");
    }

    /// c(x) = a(x) + a(x + 1) + b(x + 1), read at x and at x − 1. The second reader wants column
    /// −1, where a(−1) is padding: one add a row. Without b there is none.
    #[test]
    fn by_hand() {
        let shape = conv((7, 7), (3, 1, 1));
        let term = |source, dx| Term { source, negative: false, shift: Shift { dy: 0, dx } };
        for (terms, halo) in [(3, 7), (2, 0)] {
            let mut program = OpProgram::new(InputSpace::Planes, 3);
            let all = [term(0, 0), term(0, 1), term(1, 1)];
            let node = program.push_node(all.into_iter().take(terms));
            for dx in [0, -1] {
                program.push_output(Output { terms: vec![(term(node, dx), 1)] });
            }
            assert_eq!(program.halo_adds(&shape).unwrap(), halo);
        }
    }

    #[test]
    fn too_far_is_an_error() {
        let mut program = OpProgram::new(InputSpace::Planes, 3);
        let far = |source| Term { source, negative: false, shift: Shift { dy: 100, dx: 0 } };
        let node = program.push_node([far(0), far(1)]);
        program.push_output(Output { terms: vec![(far(node), 1)] });
        assert!(program.halo_adds(&conv((7, 7), (3, 1, 1))).is_err());
    }
}
