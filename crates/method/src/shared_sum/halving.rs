//! From group sums to rows: the second stage of a block.
//!
//! Peeling: the row of one coordinate is the signed sum of the groups where it is not zero; then
//! the coordinate is dropped and groups that have become equal (up to sign) are added. It is the
//! transpose of building every pattern from a shorter one with one add: all U patterns of k
//! one-signed rows take 2U − 2k adds. Where no pattern has a zero (binary) the reference form is
//! shorter: with T the sum of all groups and Z_r that of the groups whose sign in row r is not
//! that of the first row, y_0 = T and y_r = T − 2·Z_r, where T comes out of peeling the Z_r.

use std::collections::BTreeMap;

use super::super::{
    Term,
    sums::{Dag, Packing, Scoring, extract, transpose},
};

/// Rows of a block as sums of its groups.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Inputs are the groups, in the order of the patterns.
    pub sums: Dag,
    /// Targets and factors that make up every row.
    pub outputs: Vec<Vec<(u32, i8)>>,
}

impl Rows {
    /// Adds of the sums and of joining their targets into rows.
    pub fn adds(&self) -> u64 {
        self.sums.adds()
            + self.outputs.iter().map(|output| output.len().saturating_sub(1) as u64).sum::<u64>()
    }
}

/// The form with the fewest adds of those tried. With `multiplies`, rows may be T − 2·Z.
pub fn rows_of(patterns: &[Vec<i8>], size: usize, multiplies: bool) -> Rows {
    let own = |target: usize| vec![(target as u32, 1)];
    let plain: Vec<Vec<(u32, i8)>> = (0..size).map(own).collect();
    let mut candidates = vec![Rows { sums: peel(patterns, size), outputs: plain.clone() }];
    if patterns.iter().all(|pattern| pattern.iter().all(|code| *code != 0)) && size > 1 {
        let masks: Vec<Vec<i8>> = patterns
            .iter()
            .map(|pattern| {
                let mask = pattern.iter().map(|code| i8::from(*code < 0));
                mask.enumerate().map(|(row, mask)| if row == 0 { 1 } else { mask }).collect()
            })
            .collect();
        let reference = |row: usize| match row {
            0 => vec![(0, 1)],
            row if multiplies => vec![(0, 1), (row as u32, -2)],
            row => vec![(0, 1), (row as u32, -1), (row as u32, -1)],
        };
        let outputs = (0..size).map(reference).collect();
        candidates.push(Rows { sums: peel(&masks, size), outputs });
    }
    // Few patterns: peeling has no full tree to ride on, pairs may do better.
    if patterns.len() <= 1 << 10 {
        let flat = Dag::flat(size as u32, patterns.iter().map(|p| terms(p)).collect());
        if let Some(shared) = extract(&flat, Packing::new(1, 1), Scoring { lift: 0.0 }) {
            candidates.push(Rows { sums: transpose(&shared), outputs: plain });
        }
    }
    let fewest = candidates.iter().enumerate().min_by_key(|(n, rows)| (rows.adds(), *n));
    let fewest = fewest.map_or(0, |(n, _)| n);
    candidates.swap_remove(fewest)
}

fn terms(pattern: &[i8]) -> Vec<Term> {
    let codes = pattern.iter().enumerate().filter(|(_, code)| **code != 0);
    codes.map(|(row, code)| Term::new(row as u32, *code < 0)).collect()
}

fn peel(patterns: &[Vec<i8>], size: usize) -> Dag {
    let inputs = patterns.len() as u32;
    let mut dag = Dag::flat(inputs, vec![Vec::new(); size]);
    let mut groups: Vec<(Vec<i8>, Term)> = patterns
        .iter()
        .enumerate()
        .map(|(group, pattern)| (pattern.clone(), Term::new(group as u32, false)))
        .collect();
    for row in (0..size).rev() {
        let mut merged: Vec<(Vec<i8>, Vec<Term>)> = Vec::new();
        let mut known: BTreeMap<Vec<i8>, usize> = BTreeMap::new();
        for (mut pattern, term) in groups {
            let code = pattern.pop().unwrap_or(0);
            if code != 0 {
                let negative = term.negative != (code < 0);
                dag.targets[row].push(Term { negative, ..term });
            }
            let Some(lead) = pattern.iter().copied().find(|code| *code != 0) else { continue };
            pattern.iter_mut().for_each(|code| *code *= lead);
            let term = Term { negative: term.negative != (lead < 0), ..term };
            match known.get(&pattern) {
                Some(group) => merged[*group].1.push(term),
                None => {
                    known.insert(pattern.clone(), merged.len());
                    merged.push((pattern, vec![term]));
                }
            }
        }
        groups = merged
            .into_iter()
            .map(|(pattern, terms)| match terms.as_slice() {
                [term] => (pattern, *term),
                _ => {
                    dag.nodes.push(terms);
                    (pattern, Term::new(inputs + dag.nodes.len() as u32 - 1, false))
                }
            })
            .collect();
    }
    dag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(size: usize, code: impl Fn(usize, usize) -> i8, from: usize) -> Vec<Vec<i8>> {
        (from..1 << size).map(|bits| (0..size).map(|row| code(bits, row)).collect()).collect()
    }

    #[test]
    fn all_one_signed_patterns_take_2u_minus_2k() {
        // U = 2^k − 1: by peeling, each level of 2^j patterns sums 2^(j−1) of them into a row and
        // adds 2^(j−1) − 1 pairs.
        for size in 2..8 {
            let patterns = all(size, |bits, row| (bits >> row & 1) as i8, 1);
            let adds = rows_of(&patterns, size, true).adds();
            assert_eq!(adds, 2 * patterns.len() as u64 - 2 * size as u64, "{size} rows");
        }
    }

    #[test]
    fn all_binary_patterns_take_the_reference_form() {
        // U = 2^(k−1) patterns with a positive first row: T and the Z_r take 2U − k − 1 adds, and
        // k − 1 more join them: 254 at k = 8.
        for size in 2..9 {
            let code = |bits: usize, row: usize| match row {
                0 => 1,
                _ => 1 - 2 * (bits >> (row - 1) & 1) as i8,
            };
            let patterns: Vec<Vec<i8>> = (0..1_usize << (size - 1))
                .map(|bits| (0..size).map(|row| code(bits, row)).collect())
                .collect();
            let adds = rows_of(&patterns, size, true).adds();
            let reference = 2 * patterns.len() - size - 1 + size - 1;
            assert!(adds <= reference as u64, "{size} rows: {adds}");
            if size == 8 {
                assert_eq!(adds, 254);
            }
        }
    }
}
