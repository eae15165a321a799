//! The trie of one block of filters: its adds, and its program.

use crate::{OpProgram, Output, Term};
use signloop_network::quant::CodeMatrix;

/// Patterns of a block are numbers below this, so that those seen are kept in a table.
const MOST_PATTERNS: usize = 1 << 18;

/// A block of consecutive filters, its weights read as digits.
pub(super) struct Block<'a> {
    rows: Vec<&'a [i8]>,
    /// Distinct codes of every filter in ascending order: the digits of its level.
    values: Vec<Vec<i8>>,
    /// Patterns of whole levels, by (level, pattern): number of patterns of the first l filters.
    sizes: Vec<usize>,
}

/// One level of the trie: for every pattern present, its digits as a number.
struct Level {
    /// Patterns in lexicographic order.
    patterns: Vec<u32>,
    /// For every pattern of the next level, or every column of the last, its place here.
    parent: Vec<u32>,
}

impl<'a> Block<'a> {
    /// The block of `filters` rows from `first` on; `None` if it has too many patterns.
    pub(super) fn new(matrix: CodeMatrix<'a>, first: usize, filters: usize) -> Option<Self> {
        let rows: Vec<&[i8]> =
            (first..matrix.rows.min(first + filters)).map(|row| matrix.row(row)).collect();
        let distinct = |row: &&[i8]| -> Vec<i8> {
            let mut seen = [false; 3];
            row.iter().for_each(|code| seen[(code + 1) as usize] = true);
            (-1..=1).filter(|code| seen[(code + 1) as usize]).collect()
        };
        let values: Vec<Vec<i8>> = rows.iter().map(distinct).collect();
        let mut sizes = vec![1_usize];
        for values in &values {
            let size = sizes[sizes.len() - 1] * values.len().max(1);
            if size > MOST_PATTERNS {
                return None;
            }
            sizes.push(size);
        }
        Some(Self { rows, values, sizes })
    }

    /// Pattern of every column: w_1 is the most significant digit.
    fn keys(&self) -> Vec<u32> {
        let mut keys = vec![0_u32; self.rows.first().map_or(0, |row| row.len())];
        for (row, values) in self.rows.iter().zip(&self.values) {
            let mut digits = [0; 3];
            for (digit, value) in values.iter().enumerate() {
                digits[(value + 1) as usize] = digit as u32;
            }
            for (key, code) in keys.iter_mut().zip(*row) {
                *key = *key * values.len() as u32 + digits[(code + 1) as usize];
            }
        }
        keys
    }

    /// Levels 1 to G; `parent` of the last level is by column.
    fn levels(&self) -> Vec<Level> {
        let mut levels = Vec::with_capacity(self.rows.len());
        let mut keys = self.keys();
        for level in (1..=self.rows.len()).rev() {
            let mut place = vec![u32::MAX; self.sizes[level]];
            keys.iter().for_each(|key| place[*key as usize] = 0);
            let mut patterns = Vec::new();
            for (pattern, place) in place.iter_mut().enumerate().filter(|(_, place)| **place == 0) {
                *place = patterns.len() as u32;
                patterns.push(pattern as u32);
            }
            let parent = keys.iter().map(|key| place[*key as usize]).collect();
            let radix = self.values[level - 1].len().max(1) as u32;
            keys = patterns.iter().map(|pattern| pattern / radix).collect();
            levels.push(Level { patterns, parent });
        }
        levels.reverse();
        levels
    }

    /// Code of filter `level` (from 1) in a pattern of that level.
    fn code(&self, level: usize, pattern: u32) -> i8 {
        let values = &self.values[level - 1];
        values[pattern as usize % values.len()]
    }

    /// The pattern, among those of a level, in which all weights are zero.
    fn zero(&self, level: usize) -> Option<u32> {
        self.values[..level].iter().try_fold(0, |pattern, values| {
            let digit = values.iter().position(|value| *value == 0)?;
            Some(pattern * values.len() as u32 + digit as u32)
        })
    }

    /// Adds of the block: Σ over the sums that some filter reads of (operands − 1).
    pub(super) fn adds(&self) -> u64 {
        let levels = self.levels();
        let mut adds = 0_u64;
        for (index, level) in levels.iter().enumerate() {
            // A node is read if any weight of its pattern is not zero.
            let zero = self.zero(index + 1);
            let used = |pattern: &u32| Some(*pattern) != zero;
            let nodes = level.patterns.iter().filter(|pattern| used(pattern)).count();
            let children =
                level.parent.iter().filter(|place| used(&level.patterns[**place as usize]));
            adds += (children.count() - nodes) as u64;
            let read = level.patterns.iter().filter(|p| self.code(index + 1, **p) != 0).count();
            adds += (read as u64).saturating_sub(1);
        }
        adds
    }

    /// Leaves that are not all zero, and the columns in them: the entries of the table.
    pub(super) fn entries(&self) -> (u64, u64) {
        let Some(leaves) = self.levels().pop() else { return (0, 0) };
        let zero = self.zero(self.rows.len());
        let used = |pattern: u32| Some(pattern) != zero;
        let patterns = leaves.patterns.iter().filter(|pattern| used(**pattern)).count();
        let columns =
            leaves.parent.iter().filter(|place| used(leaves.patterns[**place as usize])).count();
        (patterns as u64, columns as u64)
    }

    /// Appends the sums and outputs of the block.
    pub(super) fn emit(&self, program: &mut OpProgram) {
        let levels = self.levels();
        // Operands of the level below: at first the columns themselves.
        let mut below: Vec<Option<u32>> =
            (0..self.rows.first().map_or(0, |row| row.len())).map(|c| Some(c as u32)).collect();
        let mut outputs = vec![Output::default(); self.rows.len()];
        for (index, level) in levels.iter().enumerate().rev() {
            let mut children: Vec<Vec<Term>> = vec![Vec::new(); level.patterns.len()];
            for (operand, place) in below.iter().zip(&level.parent) {
                children[*place as usize].extend(operand.map(|operand| Term::new(operand, false)));
            }
            let zero = self.zero(index + 1);
            let nodes = level.patterns.iter().zip(children);
            below = nodes
                .map(|(pattern, terms)| (Some(*pattern) != zero).then(|| sum(program, terms)))
                .collect();
            let read = level.patterns.iter().zip(&below).filter_map(|(pattern, node)| {
                let code = self.code(index + 1, *pattern);
                (code != 0).then_some(Term::new((*node)?, code < 0))
            });
            outputs[index] = output(program, read.collect());
        }
        outputs.into_iter().for_each(|output| program.push_output(output));
    }
}

/// The operand that is the sum of plain terms.
fn sum(program: &mut OpProgram, terms: Vec<Term>) -> u32 {
    match terms.as_slice() {
        [term] => term.source,
        _ => program.push_node(terms),
    }
}

fn output(program: &mut OpProgram, terms: Vec<Term>) -> Output {
    match terms.as_slice() {
        [] => Output::default(),
        [term] => Output { terms: vec![(*term, 1)] },
        _ => Output { terms: vec![(Term::new(program.push_node(terms), false), 1)] },
    }
}
