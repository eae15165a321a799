//! Columns that agree in their first rows share a sum: a trie over the columns of a row block.
//!
//! Where [`super::blocks`] keeps a register for every pattern of a small block, here the rows of a
//! larger block are the registers, and the sums of patterns come and go. The columns of a window
//! are the strings of a trie over their signs in the block's rows; zeros are skipped. A node of
//! the trie is the sum of all columns below it: it is added once to the row that it stands for and
//! once to the node above. So a column costs one load and one add to its node, and what it shares
//! with its neighbours in the trie is added up once. Columns are read in the order of the trie, so
//! a window's inputs have to stay in the first-level cache.

use std::collections::BTreeMap;

use super::blocks::distinct_rows;
use crate::{InputSpace, OpProgram, Output, Term};
use signloop_network::quant::CodeMatrix;

/// The columns below one node of the trie.
#[derive(Debug, Default)]
struct Node {
    /// Row of the block that gets the sum, subtracted if negative.
    row: (usize, bool),
    /// Columns that have no further non-zero row.
    columns: Vec<Term>,
    /// Nodes of later rows.
    children: Vec<Node>,
    /// Sums that are open at once while this one is formed (Sethi and Ullman's number).
    open: usize,
}

/// A column's signs from some row on, led by a positive one, and the column with its sign.
type Column = (Vec<i8>, Term);

impl Node {
    /// The nodes of columns whose signs before `row` are dealt with.
    fn below(columns: Vec<Column>, row: usize) -> Vec<Self> {
        let mut groups: BTreeMap<(usize, bool), Vec<Column>> = BTreeMap::new();
        for column in columns {
            let next = (row..column.0.len()).find(|row| column.0[*row] != 0);
            if let Some(next) = next {
                groups.entry((next, column.0[next] < 0)).or_default().push(column);
            }
        }
        groups.into_iter().map(|(row, columns)| Self::new(row, columns)).collect()
    }

    fn new(row: (usize, bool), columns: Vec<Column>) -> Self {
        let ends = |column: &Column| column.0[row.0 + 1..].iter().all(|code| *code == 0);
        let (own, further): (Vec<_>, Vec<_>) = columns.into_iter().partition(ends);
        let mut children = Self::below(further, row.0 + 1);
        children.sort_by_key(|child| std::cmp::Reverse(child.open));
        let beside = |(at, child): (usize, &Self)| child.open + usize::from(at > 0);
        let open = children.iter().enumerate().map(beside).max().unwrap_or(0).max(1);
        Self { row, columns: own.into_iter().map(|(_, term)| term).collect(), children, open }
    }
}

/// Sums of a block as they are written.
struct Writer<'a> {
    program: &'a mut OpProgram,
    /// Terms of every row of the block.
    rows: Vec<Vec<Term>>,
}

impl Writer<'_> {
    /// Writes a node with at most `open` sums open at once; its operand. `path` holds the rows
    /// above. A child that would need one sum more is written before its parent is opened, and
    /// added to every row of the path instead.
    fn node(&mut self, node: &Node, path: &mut Vec<(usize, bool)>, open: usize) -> u32 {
        path.push(node.row);
        let apart = |at: usize, child: &Node| at > 0 && child.open >= open;
        for (_, child) in node.children.iter().enumerate().filter(|(at, c)| apart(*at, c)) {
            let sum = self.node(child, path, open);
            path.iter().for_each(|(row, negative)| self.rows[*row].push(Term::new(sum, *negative)));
        }
        let mut terms = Vec::new();
        for (at, child) in node.children.iter().enumerate().filter(|(at, c)| !apart(*at, c)) {
            let sum = self.node(child, path, open - usize::from(at > 0));
            terms.push(Term::new(sum, false));
        }
        path.pop();
        terms.extend(&node.columns);
        let sum = match terms.as_slice() {
            [only] if node.columns.is_empty() => only.source,
            _ => self.program.push_node(terms),
        };
        self.rows[node.row.0].push(Term::new(sum, node.row.1));
        sum
    }
}

/// What bounds the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Registers of sums: those of the rows, and those that are open for a while.
    pub registers: usize,
    /// Columns of a window: as many as have their inputs in the first-level cache.
    pub columns: usize,
    /// Weights of a row in a window: as many as the lanes hold the sum of.
    pub weights: usize,
}

/// Ends of the windows of a block of rows.
fn windows(matrix: CodeMatrix<'_>, rows: &[usize], window: Window) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut first = 0;
    let mut weights = vec![0; rows.len()];
    for column in 0..matrix.columns {
        let count = |row: &usize| usize::from(matrix.row(*row)[column] != 0);
        weights.iter_mut().zip(rows).for_each(|(sum, row)| *sum += count(row));
        let full = weights.iter().any(|sum| *sum > window.weights);
        if column > first && (full || column - first >= window.columns) {
            ends.push(column);
            first = column;
            weights.iter_mut().zip(rows).for_each(|(sum, row)| *sum = count(row));
        }
    }
    ends.push(matrix.columns);
    ends
}

/// Writes the sums of a block of rows; the operands of the rows.
fn block(
    program: &mut OpProgram,
    matrix: CodeMatrix<'_>,
    rows: &[usize],
    window: Window,
) -> Vec<u32> {
    let mut writer = Writer { program, rows: vec![Vec::new(); rows.len()] };
    let open = window.registers.saturating_sub(rows.len()).max(1);
    let mut first = 0;
    for last in windows(matrix, rows, window) {
        let columns = (first..last).filter_map(|column| {
            let signs = rows.iter().map(|row| matrix.row(*row)[column]);
            let lead = signs.clone().find(|code| *code != 0)?;
            let term = Term::new(column as u32, lead < 0);
            Some((signs.map(|code| code * lead).collect(), term))
        });
        for root in Node::below(columns.collect(), 0) {
            writer.node(&root, &mut Vec::new(), open);
        }
        first = last;
    }
    let rows = writer.rows;
    rows.into_iter().map(|terms| program.push_node(terms)).collect()
}

/// What a block takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockCost {
    /// Adds.
    pub adds: u64,
    /// Loads of inputs.
    pub loads: u64,
    /// Sums that are added to the row that has the most, one after the other.
    pub links: u64,
}

/// What the rows take as a block.
pub fn measure(matrix: CodeMatrix<'_>, rows: &[usize], window: Window) -> BlockCost {
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    let sums = block(&mut program, matrix, rows, window);
    let taps = |node: u32| program.node(node).iter().filter(|t| t.source < program.inputs());
    let loads = (0..program.nodes()).map(|node| taps(node).count() as u64).sum();
    let links = |sum: &u32| program.node(sum - program.inputs()).len() as u64;
    BlockCost { adds: program.adds(), loads, links: sums.iter().map(links).max().unwrap_or(0) }
}

/// The program of a matrix in blocks of `size` rows.
#[must_use]
pub fn prefix_program(matrix: CodeMatrix<'_>, size: usize, window: Window) -> OpProgram {
    let (own, equal) = distinct_rows(matrix);
    let mut program = OpProgram::new(InputSpace::Patch, matrix.columns as u32);
    let mut sums = BTreeMap::new();
    for rows in own.chunks(size.max(1)) {
        sums.extend(rows.iter().copied().zip(block(&mut program, matrix, rows, window)));
    }
    for equal in equal {
        let term = equal.map(|(row, negative)| (Term::new(sums[&row], negative), 1));
        program.push_output(Output { terms: term.into_iter().collect() });
    }
    program
}
