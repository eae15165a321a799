//! The method: one plan of tables a group, and its program.

use std::sync::Arc;

use super::{Form, TableOperand, TablePlan, TableTile};
use crate::{
    InputSpace, Method, OpProgram, Output, Plan, PlanRequest, SlotReuse, Term, WeightStorage,
    planning::bits_for,
};
use signloop_base::{Error, Result};

/// Entries of the tables that are filled before filters add them up: 16 KB of 64-byte vectors,
/// which leaves the rest of a 48 KB L1 to inputs and accumulators.
const GROUP_ENTRIES: usize = 256;

/// Pruned tables of partial sums.
pub struct SubsetTable;

impl Method for SubsetTable {
    fn name(&self) -> &'static str {
        "subset-table"
    }

    fn summary(&self) -> &'static str {
        "tables of the partial sums of t inputs that are needed, best t; one lookup a tile"
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let tables: Vec<TablePlan> = request.matrices().map(TablePlan::fewest).collect();
        let programs = tables.iter().map(|table| Arc::new(table.program())).collect();
        let filled: Vec<Filled> = tables.iter().map(Filled::of).collect();
        counted(request, programs, &filled)
    }

    fn plan_of(
        &self,
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Option<Plan>> {
        let filled: Option<Vec<Filled>> =
            programs.iter().map(|program| Filled::of_program(program)).collect();
        if let Some(filled) = filled {
            return counted(request, programs, &filled).map(Some);
        }
        // Programs that do not tell their tables, such as many without entries, are planned anew.
        let plan = self.plan(request)?;
        Ok((plan.programs == programs).then_some(plan))
    }

    fn slot_reuse(
        &self,
        request: &PlanRequest<'_>,
        plan: &Plan,
        slots_a_line: &[u64],
    ) -> Option<SlotReuse> {
        let mut reuse = SlotReuse::new(slots_a_line, request.shape.kernel_width);
        for program in &plan.programs {
            reuse.add_rounds(program, &table_rounds(program));
        }
        Some(reuse)
    }
}

/// The plan of some programs with what is filled and named in their tables.
fn counted(
    request: &PlanRequest<'_>,
    programs: Vec<Arc<OpProgram>>,
    tables: &[Filled],
) -> Result<Plan> {
    // It runs group of tables after group: accumulators are read and written back in between.
    let filters = request.shape.out_channels / request.shape.groups;
    let mut updates = 0;
    let mut live = 0;
    let mut bits = 0_u64;
    for table in tables {
        let groups = table.groups();
        updates += filters * (groups.len() as u64).saturating_sub(1);
        live = groups.into_iter().max().map_or(live, |entries| live.max(entries + filters));
        bits = table
            .bits()
            .and_then(|own| bits.checked_add(own))
            .ok_or(Error::Overflow("table bits"))?;
    }
    let base = WeightStorage::of(request);
    let metadata_bits =
        base.metadata_bits.checked_add(bits).ok_or(Error::Overflow("table bits"))?;
    let mut plan =
        Plan::of_programs(programs, WeightStorage { weight_bits: 0, metadata_bits, ..base })?;
    plan.counts.loads += updates;
    plan.counts.stores += updates;
    plan.counts.peak_live = plan.counts.peak_live.min(live);
    Ok(plan)
}

/// What the tables of one group of the layer hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filled {
    /// Inputs and entries of every tile.
    tiles: Vec<(u64, u64)>,
    /// Sums that name one operand a tile: filters, and the sum of all inputs where it is needed.
    sums: u64,
}

impl Filled {
    fn of(table: &TablePlan) -> Self {
        let tiles = table.tiles.iter();
        Self {
            tiles: tiles.map(|own| (u64::from(own.inputs), own.entries.len() as u64)).collect(),
            sums: u64::from(table.rows) + u64::from(table.form == Form::Masks),
        }
    }

    /// The same, told from a program: the one size of tiles under which every node is either an
    /// entry, the sum of two operands of one tile, or a filter's sum of operands of distinct tiles.
    /// `None` where no size or more than one would do, or where it is not told whether the sum of all
    /// inputs is needed.
    fn of_program(program: &OpProgram) -> Option<Self> {
        let most = TablePlan::MOST_INPUTS.min(program.inputs());
        let mut found = (1..=most).filter_map(|size| Self::with_tiles(program, size));
        found.next().filter(|_| found.next().is_none())
    }

    fn with_tiles(program: &OpProgram, size: u32) -> Option<Self> {
        let mut tiles: Vec<(u64, u64)> = (0..program.inputs())
            .step_by(size as usize)
            .map(|first| (u64::from((program.inputs() - first).min(size)), 0))
            .collect();
        // The tile of every operand; none for filters' sums, which no node reads.
        let mut tile_of: Vec<Option<u32>> =
            (0..program.inputs()).map(|input| Some(input / size)).collect();
        let mut seen = vec![u32::MAX; tiles.len()];
        for node in 0..program.nodes() {
            let terms = program.node(node);
            let first = tile_of[terms.first()?.source as usize]?;
            if terms.len() == 2 && tile_of[terms[1].source as usize] == Some(first) {
                tiles[first as usize].1 += 1;
                tile_of.push(Some(first));
                continue;
            }
            for term in terms {
                let tile = tile_of[term.source as usize]?;
                if std::mem::replace(&mut seen[tile as usize], node) == node {
                    return None;
                }
            }
            tile_of.push(None);
        }
        let mut outputs = program.outputs().iter();
        let masks = outputs.any(|output| output.terms.len() > 1);
        // Filters without any +1 leave of the masks' form only the sum of all inputs, subtracted.
        let negative = |output: &Output| matches!(&output.terms[..], [(term, _)] if term.negative);
        if !masks && program.outputs().iter().all(negative) {
            return None;
        }
        let sums = program.outputs().len() as u64 + u64::from(masks);
        Some(Self { tiles, sums })
    }

    /// Entries of every group of tiles whose tables are filled together.
    fn groups(&self) -> Vec<u64> {
        let mut groups: Vec<u64> = Vec::new();
        for (_, entries) in &self.tiles {
            match groups.last_mut() {
                Some(group) if *group + entries <= GROUP_ENTRIES as u64 => *group += entries,
                _ => groups.push(*entries),
            }
        }
        groups
    }

    /// Bits of the tables: an operand of a tile names an input or entry, or none, and a sign. An
    /// entry has two of them, a sum one a tile.
    fn bits(&self) -> Option<u64> {
        self.tiles.iter().try_fold(0_u64, |bits, (inputs, entries)| {
            let each = u64::from(bits_for(inputs + entries + 1)) + 1;
            bits.checked_add(each.checked_mul(2 * entries + self.sums)?)
        })
    }
}

/// The round of every input: tiles, told apart by the inputs that their entries share, are filled
/// together up to [`GROUP_ENTRIES`] entries.
fn table_rounds(program: &OpProgram) -> Vec<u32> {
    let inputs = program.inputs() as usize;
    // The inputs that each node reaches, as first and last.
    let mut reach: Vec<(usize, usize)> = (0..inputs).map(|input| (input, input)).collect();
    let mut entries: Vec<(usize, usize)> = Vec::new();
    let sums: Vec<u32> = program
        .outputs()
        .iter()
        .flat_map(|output| output.terms.iter().map(|(term, _)| term.source))
        .collect();
    let last_entry = sums.iter().filter_map(|sum| sum.checked_sub(program.inputs())).min();
    for node in 0..program.nodes() {
        let terms = program.node(node).iter().map(|term| reach[term.source as usize]);
        let own = terms.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default();
        reach.push(own);
        if last_entry.is_none_or(|last| node < last) {
            entries.push(own);
        }
    }
    // Last input of the entries that begin at each input, and their number.
    let mut ends: Vec<(usize, usize)> = (0..inputs).map(|input| (input, 0)).collect();
    for (first, last) in entries {
        ends[first] = (ends[first].0.max(last), ends[first].1 + 1);
    }
    // Inputs and entries of every tile.
    let mut tiles: Vec<(usize, usize)> = Vec::new();
    let mut end = None;
    for (input, (last, count)) in ends.into_iter().enumerate() {
        match tiles.last_mut() {
            Some(tile) if end.is_some_and(|end| input <= end) => {
                *tile = (tile.0 + 1, tile.1 + count);
            }
            _ => tiles.push((1, count)),
        }
        end = end.max(Some(last));
    }
    let (mut round, mut filled) = (0, 0);
    let mut rounds = Vec::with_capacity(inputs);
    for (inputs, entries) in tiles {
        if filled > 0 && filled + entries > GROUP_ENTRIES {
            (round, filled) = (round + 1, 0);
        }
        filled += entries;
        rounds.extend(std::iter::repeat_n(round, inputs));
    }
    rounds
}

impl TablePlan {
    /// The op program: the tables of all tiles, then the filters.
    #[must_use]
    pub fn program(&self) -> OpProgram {
        let inputs = self.tiles.iter().map(|tile| tile.inputs).sum();
        let mut program = OpProgram::new(InputSpace::Patch, inputs);
        let sums = self.rows as usize + usize::from(self.form == Form::Masks);
        let mut terms: Vec<Vec<Term>> = vec![Vec::new(); sums];
        for tile in &self.tiles {
            let first_node = program.inputs() + program.nodes();
            let term = |operand: &TableOperand| place(tile, first_node, operand);
            for entry in &tile.entries {
                program.push_node([term(&entry.left), term(&entry.right)]);
            }
            for (terms, lookup) in terms.iter_mut().zip(&tile.lookups) {
                terms.extend(lookup.as_ref().map(term));
            }
        }
        let mut sum = |terms: &Vec<Term>| match terms.as_slice() {
            [] => None,
            [term] => Some(*term),
            _ => Some(Term::new(program.push_node(terms.iter().copied()), false)),
        };
        let sums: Vec<Option<Term>> = terms.iter().map(&mut sum).collect();
        for row in &sums[..self.rows as usize] {
            let terms = match self.form {
                Form::Signed => row.iter().map(|term| (*term, 1)).collect(),
                Form::Masks => {
                    let total = sums.last().copied().flatten();
                    let own = row.iter().map(|term| (*term, 2));
                    let total = total.map(|term| (Term { negative: !term.negative, ..term }, 1));
                    own.chain(total).collect()
                }
            };
            program.push_output(Output { terms });
        }
        program
    }
}

fn place(tile: &TableTile, first_node: u32, operand: &TableOperand) -> Term {
    let source = match operand.index.checked_sub(tile.inputs) {
        None => tile.first + operand.index,
        Some(entry) => first_node + entry,
    };
    Term::new(source, operand.negative)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlanOptions;
    use signloop_network::{
        quant::{QuantizedTensor, Randomness, Scheme, synthesise},
        workload::LayerShape,
    };

    fn is_counted_again(shape: &LayerShape, weights: &QuantizedTensor) -> bool {
        let options = PlanOptions::default();
        let request = PlanRequest::of_shape(shape, weights, &options);
        let plan = SubsetTable.plan(&request).unwrap();
        let again = SubsetTable.plan_of(&request, plan.programs.clone()).unwrap().unwrap();
        assert_eq!((again.counts, again.storage), (plan.counts, plan.storage));
        plan.programs.iter().all(|program| Filled::of_program(program).is_some())
    }

    /// Counts and storage of a plan follow from its programs, whether these tell the tables or not.
    #[test]
    fn plans_are_counted_again_from_their_programs() {
        let shape = |channels, filters| LayerShape::convolution(channels, filters, 4, 3).unwrap();
        for scheme in Scheme::ALL {
            for density in [0.05, 0.4, 0.9] {
                let random = Randomness { density, spread: 0.0, seed: 1 };
                for shape in [shape(1, 1), shape(2, 3), shape(16, 32)] {
                    let weights = synthesise(scheme, shape.weight_shape(), random).unwrap();
                    let told = is_counted_again(&shape, &weights);
                    assert!(told || density < 0.1 || shape.in_channels < 16, "{scheme} {density}");
                }
            }
        }
        // Nothing but −1: of the masks only the sum of all inputs is left.
        let shape = shape(2, 5);
        let codes = vec![-1; shape.weight_shape().len()];
        let scales = vec![1.0; 5];
        let weights = QuantizedTensor::new(Scheme::Binary, shape.weight_shape(), codes, scales);
        is_counted_again(&shape, &weights.unwrap());
    }
}
