//! The method: tiles of columns or of factored rows, of the size with the fewest adds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use rayon::prelude::*;

use super::{
    extract::extract,
    factored::Block,
    saturate::{Graph, MOST_PLAIN, MOST_SIGNED, graph},
};
use crate::{
    InputSpace, Method, OpProgram, Plan, PlanRequest,
    subset_table::{Closure, Form, Pattern, TableEntry, TableOperand, TablePlan, TableTile},
};
use signloop_base::Result;
use signloop_network::quant::CodeMatrix;

/// Equality saturation on tiles.
pub struct QGym;

impl Method for QGym {
    fn name(&self) -> &'static str {
        "q-gym"
    }

    fn summary(&self) -> &'static str {
        "equality saturation on tiles of columns or factored rows, best tile (Q-Gym-style)"
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        Plan::of_index_streams(request, |matrix| fewest(matrix).depth_first())
    }

    fn plan_of(
        &self,
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Option<Plan>> {
        Plan::with_index_streams(request, programs).map(Some)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tile {
    Columns(u32),
    Rows(u32),
}

fn fewest(matrix: CodeMatrix<'_>) -> OpProgram {
    let signed = matrix.iter_rows().any(|row| row.contains(&1) && row.contains(&-1));
    let most = if signed { MOST_SIGNED } else { MOST_PLAIN };
    let columns = (1..=most.min(matrix.columns as u32)).map(Tile::Columns);
    // A block of one row shares nothing that a tile of one column does not.
    let rows = (2..=most.min(matrix.rows as u32)).map(Tile::Rows);
    let counted: Vec<(u64, Tile)> = columns
        .chain(rows)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|tile| {
            let adds = match tile {
                Tile::Columns(inputs) => tables(matrix, inputs, signed).adds(),
                Tile::Rows(rows) => blocks(matrix, rows as usize).par_iter().map(Block::adds).sum(),
            };
            (adds, tile)
        })
        .collect();
    match counted.into_iter().min().map_or(Tile::Columns(1), |(_, tile)| tile) {
        Tile::Columns(inputs) => tables(matrix, inputs, signed).program(),
        Tile::Rows(rows) => {
            let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
            blocks(matrix, rows as usize).iter().for_each(|block| block.emit(&mut program));
            program
        }
    }
}

fn blocks(matrix: CodeMatrix<'_>, rows: usize) -> Vec<Block<'_>> {
    let starts: Vec<usize> = (0..matrix.rows).step_by(rows).collect();
    starts.into_par_iter().map(|first| Block::new(matrix, first, rows)).collect()
}

/// Entries by number of inputs and roots.
type Known = HashMap<(u32, Vec<u32>), Arc<Entries>>;

/// Tables whose entries come out of the e-graph. Tiles with equal sets of patterns are extracted
/// once.
fn tables(matrix: CodeMatrix<'_>, inputs: u32, signed: bool) -> TablePlan {
    let known: Mutex<Known> = Mutex::default();
    TablePlan::with_tables(
        matrix,
        inputs,
        Closure::Saturated,
        Form::Signed,
        |first, own, patterns| {
            let graph = graph(own, signed);
            let mut roots: Vec<u32> = patterns
                .iter()
                .map(|pattern| pattern.canonical().0)
                .filter(|pattern| pattern.support() != 0)
                .map(|pattern| graph.index[&pattern])
                .collect();
            roots.sort_unstable();
            roots.dedup();
            let key = (own, roots);
            let found = known.lock().ok().and_then(|known| known.get(&key).cloned());
            let entries = found.unwrap_or_else(|| {
                let entries = Arc::new(Entries::of(graph, own, &key.1));
                if let Ok(mut known) = known.lock() {
                    known.insert(key, Arc::clone(&entries));
                }
                entries
            });
            entries.tile(graph, first, own, patterns)
        },
    )
}

/// The entries of a tile's table, and the operand of every class that has one.
struct Entries {
    entries: Vec<TableEntry>,
    operands: HashMap<u32, u32>,
}

impl Entries {
    fn of(graph: &Graph, inputs: u32, roots: &[u32]) -> Self {
        let mut entries = Vec::new();
        let mut operands: HashMap<u32, u32> = HashMap::new();
        for (class, split) in extract(graph, roots) {
            let own = &graph.classes[class as usize];
            let operand = match split {
                None => own.pattern.support().trailing_zeros(),
                Some(split) => {
                    let operand = |(part, negative): (u32, bool)| TableOperand {
                        index: operands[&part],
                        negative,
                    };
                    let [a, b] = own.splits[split].map(operand);
                    // The part with the first input is not subtracted, as in the class itself.
                    let (left, right) = if a.negative { (b, a) } else { (a, b) };
                    entries.push(TableEntry { left, right });
                    inputs + entries.len() as u32 - 1
                }
            };
            operands.insert(class, operand);
        }
        Self { entries, operands }
    }

    fn tile(&self, graph: &Graph, first: u32, inputs: u32, patterns: &[Pattern]) -> TableTile {
        let lookup = |pattern: &Pattern| {
            let (pattern, negative) = pattern.canonical();
            let class = (pattern.support() != 0).then(|| graph.index[&pattern])?;
            Some(TableOperand { index: self.operands[&class], negative })
        };
        let lookups = patterns.iter().map(lookup).collect();
        TableTile { first, inputs, entries: self.entries.clone(), lookups }
    }
}
