//! Tiles, their tables and the lookups: what a kernel compiles and the counts are taken from.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use rayon::prelude::*;

use super::Pattern;
use signloop_network::quant::CodeMatrix;

/// How an entry is built from smaller ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closure {
    /// The tile is halved until the pattern lies in both halves: the parts in either.
    Halves,
    /// The pattern without its last input, and that input.
    Last,
    /// Chosen by equality saturation (`q-gym`).
    Saturated,
}

/// What the patterns of a filter stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// The filter's own codes.
    Signed,
    /// Binary only: the inputs with +1. With S their sum and T that of all inputs, y = 2·S − T.
    /// T is looked up like a filter, after the last one.
    Masks,
}

/// Inputs of the tile come first (`0..inputs`), then entries in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOperand {
    /// Input of the tile, or `inputs + entry`.
    pub index: u32,
    /// Whether it is subtracted.
    pub negative: bool,
}

/// One add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableEntry {
    /// First operand, never negative.
    pub left: TableOperand,
    /// Second operand.
    pub right: TableOperand,
}

/// One tile of inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTile {
    /// First input.
    pub first: u32,
    /// Inputs, at most t.
    pub inputs: u32,
    /// Entries, operands before readers.
    pub entries: Vec<TableEntry>,
    /// What every filter adds; `None` where all its codes are zero.
    pub lookups: Vec<Option<TableOperand>>,
}

/// The tables of one group of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePlan {
    /// Inputs of a whole tile, t.
    pub tile: u32,
    /// How entries are built.
    pub closure: Closure,
    /// What the lookups of a filter stand for.
    pub form: Form,
    /// Filters.
    pub rows: u32,
    /// Tiles in input order.
    pub tiles: Vec<TableTile>,
}

impl TablePlan {
    /// Most inputs of a tile.
    pub const MOST_INPUTS: u32 = 10;

    /// The plan with tiles of `tile` inputs (1 to [`Self::MOST_INPUTS`]).
    #[must_use]
    pub fn new(matrix: CodeMatrix<'_>, tile: u32, closure: Closure, form: Form) -> Self {
        let build = |first, inputs, patterns: &[Pattern]| table(first, inputs, patterns, closure);
        Self::with_tables(matrix, tile, closure, form, build)
    }

    /// The plan with tables made by `build(first input, inputs, patterns)`, with one pattern for
    /// each lookup.
    pub(crate) fn with_tables(
        matrix: CodeMatrix<'_>,
        tile: u32,
        closure: Closure,
        form: Form,
        build: impl Fn(u32, u32, &[Pattern]) -> TableTile + Sync,
    ) -> Self {
        let tile = tile.clamp(1, Self::MOST_INPUTS);
        let starts: Vec<usize> = (0..matrix.columns).step_by(tile as usize).collect();
        let tile_at = |start: &usize| {
            let end = matrix.columns.min(start + tile as usize);
            let all = Pattern { plus: ((1_u32 << (end - start)) - 1) as u16, minus: 0 };
            let own = matrix.iter_rows().map(|row| Pattern::of(&row[*start..end]));
            let patterns: Vec<Pattern> = match form {
                Form::Signed => own.collect(),
                Form::Masks => own
                    .map(|pattern| Pattern { minus: 0, ..pattern })
                    .chain(std::iter::once(all))
                    .collect(),
            };
            build(*start as u32, (end - start) as u32, &patterns)
        };
        let tiles = starts.par_iter().map(tile_at).collect();
        Self { tile, closure, form, rows: matrix.rows as u32, tiles }
    }

    /// The plan with the fewest adds over tile sizes, closures and forms; the smaller tile among
    /// equals.
    #[must_use]
    pub fn fewest(matrix: CodeMatrix<'_>) -> Self {
        Self::cheapest(matrix, Self::MOST_INPUTS, |plan| plan.adds() as f64)
    }

    /// The plan that costs least over tiles of at most `most` inputs, closures and forms; the
    /// smaller tile among equals.
    #[must_use]
    pub fn cheapest(matrix: CodeMatrix<'_>, most: u32, cost: impl Fn(&Self) -> f64 + Sync) -> Self {
        let binary = matrix.rows > 0 && matrix.codes.iter().all(|code| *code != 0);
        let forms: &[Form] = if binary { &[Form::Signed, Form::Masks] } else { &[Form::Signed] };
        let most = most.min(Self::MOST_INPUTS).min(matrix.columns as u32);
        let mut candidates = Vec::new();
        for tile in 1..=most {
            for form in forms {
                candidates.push((tile, Closure::Halves, *form));
                candidates.push((tile, Closure::Last, *form));
            }
        }
        let costs: Vec<f64> = candidates
            .par_iter()
            .map(|(tile, closure, form)| cost(&Self::new(matrix, *tile, *closure, *form)))
            .collect();
        let least = |a: &(usize, &f64), b: &(usize, &f64)| a.1.total_cmp(b.1).then(a.0.cmp(&b.0));
        let best = costs.iter().enumerate().min_by(least).map(|(at, _)| candidates[at]);
        let (tile, closure, form) = best.unwrap_or((1, Closure::Halves, Form::Signed));
        Self::new(matrix, tile, closure, form)
    }

    /// Adds: one an entry, one a lookup after a filter's first, one a filter to join 2·S − T.
    #[must_use]
    pub fn adds(&self) -> u64 {
        let entries: u64 = self.tiles.iter().map(|tile| tile.entries.len() as u64).sum();
        let lookups = self.lookups();
        let sums: u64 = lookups.iter().map(|count| count.saturating_sub(1)).sum();
        let joins = match self.form {
            Form::Signed => 0,
            // A filter without +1 is −T alone.
            Form::Masks => {
                lookups[..self.rows as usize].iter().filter(|count| **count > 0).count() as u64
            }
        };
        entries + sums + joins
    }

    /// Lookups of every filter, and of T in the masks form.
    #[must_use]
    pub fn lookups(&self) -> Vec<u64> {
        let sums = self.rows as usize + usize::from(self.form == Form::Masks);
        let mut lookups = vec![0; sums];
        for tile in &self.tiles {
            for (count, lookup) in lookups.iter_mut().zip(&tile.lookups) {
                *count += u64::from(lookup.is_some());
            }
        }
        lookups
    }
}

fn table(first: u32, inputs: u32, patterns: &[Pattern], closure: Closure) -> TableTile {
    let mut distinct: Vec<Pattern> = patterns.iter().map(|pattern| pattern.canonical().0).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut builder = Builder { inputs, closure, entries: Vec::new(), known: Known::default() };
    for pattern in distinct {
        if pattern.support() != 0 {
            builder.entry(pattern);
        }
    }
    let lookups = patterns
        .iter()
        .map(|pattern| {
            let (pattern, negative) = pattern.canonical();
            let index = (pattern.support() != 0).then(|| builder.entry(pattern))?;
            Some(TableOperand { index, negative })
        })
        .collect();
    TableTile { first, inputs, entries: builder.entries, lookups }
}

struct Builder {
    inputs: u32,
    closure: Closure,
    entries: Vec<TableEntry>,
    /// Looked up only; entries stand in the order of the sorted patterns.
    known: Known,
}

type Known = HashMap<Pattern, u32, BuildHasherDefault<PatternHasher>>;

/// Multiplies by 2⁶⁴/φ: tables are small, and looking them up is most of the work.
#[derive(Default)]
struct PatternHasher(u64);

impl Hasher for PatternHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u16(u16::from(*byte)));
    }

    fn write_u16(&mut self, half: u16) {
        self.0 = (self.0 ^ u64::from(half)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Builder {
    /// The operand of a canonical pattern, built if it is not there yet.
    fn entry(&mut self, pattern: Pattern) -> u32 {
        let support = pattern.support();
        if support.is_power_of_two() {
            return support.trailing_zeros();
        }
        if let Some(entry) = self.known.get(&pattern) {
            return *entry;
        }
        let low = self.low_part(support);
        // The first input is in the low part, so that is canonical like the whole.
        let left = self.entry(pattern.within(low));
        let (right, negative) = pattern.within(!low).canonical();
        let right = self.entry(right);
        let left = TableOperand { index: left, negative: false };
        self.entries.push(TableEntry { left, right: TableOperand { index: right, negative } });
        let entry = self.inputs + self.entries.len() as u32 - 1;
        self.known.insert(pattern, entry);
        entry
    }

    /// Mask of the inputs of the first part of a pattern of at least two inputs.
    fn low_part(&self, support: u16) -> u16 {
        if self.closure == Closure::Last {
            return (1_u16 << (15 - support.leading_zeros())) - 1;
        }
        let (mut start, mut end) = (0_u32, self.inputs);
        loop {
            let middle = start.midpoint(end);
            let low = (1_u16 << middle) - 1;
            if support & low == 0 {
                start = middle;
            } else if support & !low == 0 {
                end = middle;
            } else {
                return low;
            }
        }
    }
}
