//! From a program to tiles: entries of two operands, and rows that are sums of entries.

use std::collections::BTreeMap;

use super::{
    groups::pass,
    tables::{FilterTerms, GroupLimits, Key, Lowered, Rows, Tile},
};
use signloop_method::OpProgram;

/// Rows of a pass: a layer of more filters fills its tables once for each.
const PASS_FILTERS: usize = 256;

impl Lowered {
    /// Appends the passes of a group's program; `None` if it has another form: sums of more than
    /// two operands that others read, or tables larger than a first-level cache.
    pub(super) fn append(
        &mut self,
        program: &OpProgram,
        group: u32,
        taps: &[i32],
        limits: GroupLimits,
    ) -> Option<()> {
        let form = Form::of(program)?;
        let filters = program.outputs().len();
        // As many filters in each pass.
        let share = filters.div_ceil(filters.div_ceil(PASS_FILTERS).max(1)).max(1);
        for first in (0..filters).step_by(share) {
            let range = first..filters.min(first + share);
            let rows = form.rows(range)?;
            let pass = pass(&form.tiles, &rows, group, taps, limits, self)?;
            self.passes.push(pass);
        }
        Some(())
    }
}

/// Which nodes are entries, and the tiles that they make up.
struct Form<'a> {
    program: &'a OpProgram,
    entry: Vec<bool>,
    tiles: Vec<Tile>,
    /// Tile of every input and entry.
    tile_of: Vec<u32>,
}

impl<'a> Form<'a> {
    fn of(program: &'a OpProgram) -> Option<Self> {
        let (inputs, nodes) = (program.inputs(), program.nodes());
        let mut entry = vec![false; nodes as usize];
        for node in 0..nodes {
            for term in program.node(node) {
                if let Some(read) = term.source.checked_sub(inputs) {
                    entry[read as usize] = true;
                }
            }
        }
        // An input, and an entry with its operands, are of one tile.
        let mut tile_of: Vec<u32> = (0..inputs + nodes).collect();
        fn root(tile_of: &mut [u32], mut of: u32) -> u32 {
            while tile_of[of as usize] != of {
                tile_of[of as usize] = tile_of[tile_of[of as usize] as usize];
                of = tile_of[of as usize];
            }
            of
        }
        for node in (0..nodes).filter(|node| entry[*node as usize]) {
            let terms = program.node(node);
            if terms.len() != 2 {
                return None;
            }
            for term in terms {
                let (a, b) = (root(&mut tile_of, inputs + node), root(&mut tile_of, term.source));
                // The smallest of a tile is its root: an input.
                tile_of[a.max(b) as usize] = a.min(b);
            }
        }
        let mut number = BTreeMap::new();
        let mut tiles: Vec<Tile> = Vec::new();
        for of in 0..inputs + nodes {
            let root = root(&mut tile_of, of);
            if of >= inputs && !entry[(of - inputs) as usize] {
                continue;
            }
            let at = *number.entry(root).or_insert_with(|| {
                tiles.push(Tile::default());
                tiles.len() - 1
            });
            if let Some(node) = of.checked_sub(inputs) {
                let [a, b] = program.node(node) else { return None };
                tiles[at].entries.push((of, (a.source, a.negative), (b.source, b.negative)));
            }
        }
        let tile_of = (0..inputs + nodes)
            .map(|of| number.get(&root(&mut tile_of, of)).map_or(u32::MAX, |at| *at as u32))
            .collect();
        Some(Self { program, entry, tiles, tile_of })
    }

    /// Rows of some filters: what each adds, tile by tile.
    fn rows(&self, filters: std::ops::Range<usize>) -> Option<Rows> {
        let program = self.program;
        let inputs = program.inputs();
        let mut known: BTreeMap<u32, (usize, bool)> = BTreeMap::new();
        let mut rows = Rows::default();
        for filter in filters {
            let mut own: FilterTerms = Vec::new();
            for (term, factor) in &program.outputs()[filter].terms {
                if !matches!(factor.unsigned_abs(), 1 | 2) {
                    return None;
                }
                let (row, turned) = match known.get(&term.source) {
                    Some(row) => *row,
                    None => {
                        let node = term.source.checked_sub(inputs);
                        let sum = node.filter(|node| !self.entry[*node as usize]);
                        let mut keys: Vec<Key> = match sum {
                            Some(node) => {
                                let terms = program.node(node).iter();
                                terms.map(|term| (term.source, term.negative)).collect()
                            }
                            None => vec![(term.source, false)],
                        };
                        // A row of negative terms alone is minus a row of positive ones.
                        let turned = keys.iter().all(|(_, negative)| *negative);
                        if turned {
                            keys.iter_mut().for_each(|key| key.1 = false);
                        }
                        let mut lookups: Vec<(u32, Key)> = keys
                            .into_iter()
                            .map(|key| (self.tile_of[key.0 as usize], key))
                            .collect();
                        lookups.sort_unstable();
                        rows.lookups.push(lookups);
                        let row = (rows.lookups.len() - 1, turned);
                        known.insert(term.source, row);
                        row
                    }
                };
                let negative = term.negative != turned;
                own.push((row, if negative { -factor } else { *factor }));
            }
            if own.len() > 2 {
                return None;
            }
            rows.filters.push((filter as u32, own));
        }
        Some(rows)
    }
}
