//! Largest overlap first.
//!
//! Overlaps only shrink: a merge takes columns out of two sets, and the new set is part of both.
//! So a size once counted stays an upper bound, and a set is looked at again only when its bound
//! is the largest of all. Each set keeps a short list of its best partners; only when all of them
//! have shrunk below the rest is the set counted against all others again.

use super::sets::Sets;

/// Best partners kept for a set between two full counts.
const WINDOW: usize = 12;

/// Merged sums: a sum's columns, and the merged sums (indices) that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The sums given, in order.
    pub given: Vec<Sum>,
    /// The sums made by merging; one reads no other.
    pub made: Vec<Sum>,
}

/// One sum of single columns and of made sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sum {
    /// Columns read directly.
    pub columns: Vec<u16>,
    /// Made sums read.
    pub parts: Vec<u32>,
}

struct State {
    sets: Sets,
    partners: Vec<Partners>,
    /// Sets by upper bound of their best overlap; the last one in goes first.
    queue: Vec<Vec<u32>>,
    /// Counted overlaps of the set at hand.
    found: Vec<(u32, u32)>,
}

#[derive(Clone, Default)]
struct Partners {
    /// (overlap when counted, set), the largest last.
    best: Vec<(u32, u32)>,
    /// No other set overlaps more than this.
    rest: u32,
}

/// Merges until no two sums share two columns. `given[n]` are sorted columns below `columns`;
/// at most 2^16 of them. Ties go to the newer set, so the result is always the same.
#[must_use]
pub fn merge(columns: usize, given: Vec<Vec<u16>>) -> Merged {
    let sums = given.len();
    let most = given.iter().map(Vec::len).max().unwrap_or(0);
    let sizes: Vec<usize> = given.iter().map(Vec::len).collect();
    let mut state = State {
        sets: Sets::new(columns, given),
        partners: Vec::new(),
        queue: vec![Vec::new(); most + 1],
        found: Vec::new(),
    };
    sizes.into_iter().for_each(|size| state.insert(size));
    let mut parts: Vec<Vec<u32>> = vec![Vec::new(); sums];
    let mut bound = most;
    while bound >= 2 {
        let Some(set) = state.queue[bound].pop() else {
            bound -= 1;
            continue;
        };
        match state.best(set, bound as u32) {
            Found::Pair(partner) => {
                let common = state.sets.common(set, partner);
                let made = state.sets.len() as u32;
                state.insert(common.len());
                state.sets.split(set, partner, common);
                parts.push(Vec::new());
                parts[set as usize].push(made);
                parts[partner as usize].push(made);
                state.queue[bound].push(set);
            }
            Found::Less(less) => state.queue[less as usize].push(set),
        }
    }
    let sum = |(set, parts): (usize, Vec<u32>)| Sum {
        columns: state.sets.list(set as u32).to_vec(),
        parts: parts.into_iter().map(|part| part - sums as u32).collect(),
    };
    let mut all: Vec<Sum> = parts.into_iter().enumerate().map(sum).collect();
    let made = all.split_off(sums);
    Merged { given: all, made }
}

enum Found {
    /// The partner's overlap is the bound.
    Pair(u32),
    /// No partner has the bound's overlap; this is the new bound.
    Less(u32),
}

impl State {
    /// Makes room for a set of so many columns that has not been counted yet.
    fn insert(&mut self, size: usize) {
        let index = self.partners.len() as u32;
        self.partners.push(Partners { best: Vec::new(), rest: u32::MAX });
        self.queue[size].push(index);
    }

    /// Finds a partner whose overlap with `set` is `bound`, or a lower bound for the set.
    fn best(&mut self, set: u32, bound: u32) -> Found {
        loop {
            let partners = &mut self.partners[set as usize];
            while let Some((overlap, partner)) = partners.best.last().copied() {
                if overlap < partners.rest.min(bound) {
                    break;
                }
                if overlap < bound {
                    return Found::Less(overlap);
                }
                let now = self.sets.overlap(set, partner);
                if now == bound {
                    return Found::Pair(partner);
                }
                // Sorted in again at what it is now; below the rest it is of no use.
                partners.best.pop();
                if now >= partners.rest.max(2) {
                    let place = partners.best.partition_point(|best| best.0 <= now);
                    partners.best.insert(place, (now, partner));
                }
            }
            if partners.rest < bound {
                return Found::Less(partners.rest);
            }
            self.count(set, bound);
        }
    }

    /// Counts the overlaps of a set with all others and keeps the best.
    fn count(&mut self, set: u32, bound: u32) {
        let rest = self.sets.largest_overlaps(set, (WINDOW, bound), &mut self.found);
        let partners = &mut self.partners[set as usize];
        partners.best.clone_from(&self.found);
        partners.rest = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns that a sum adds, those of its parts included.
    fn columns(merged: &Merged, sum: &Sum) -> Vec<u16> {
        let mut all = sum.columns.clone();
        for part in &sum.parts {
            all.extend(columns(merged, &merged.made[*part as usize]));
        }
        all.sort_unstable();
        all
    }

    fn draw(sums: usize, columns: u16, seed: u64) -> Vec<Vec<u16>> {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 62 == 0
        };
        (0..sums).map(|_| (0..columns).filter(|_| draw()).collect()).collect()
    }

    /// Every sum stays what it was, and at the end no two share two columns. The sizes take in
    /// bit planes that grow, listed holders (more than 4,096 sets) and columns that fill no word.
    #[test]
    fn sums_stay_and_nothing_is_left_to_share() {
        for (sums, width) in [(40, 30), (300, 70), (1_500, 50), (2_500, 21)] {
            let given = draw(sums, width, 7);
            let merged = merge(usize::from(width), given.clone());
            for (sum, given) in merged.given.iter().zip(&given) {
                assert_eq!(columns(&merged, sum), *given);
            }
            let sets = merged.given.iter().chain(&merged.made).map(|sum| &sum.columns);
            let masks: Vec<u128> = sets
                .map(|columns| columns.iter().fold(0, |mask, column| mask | 1_u128 << column))
                .filter(|mask| mask.count_ones() >= 2)
                .collect();
            for (index, mask) in masks.iter().enumerate() {
                let shared = masks[..index].iter().any(|other| (mask & other).count_ones() >= 2);
                assert!(!shared, "{sums} sums of {width} columns");
            }
        }
    }

    /// {0..9}, {0..4}, {3..9}: the largest overlap is of the first and third (6), then the rest of
    /// the first, {0, 1, 2}, is in the second.
    #[test]
    fn the_largest_overlap_goes_first() {
        let given = vec![(0..9).collect(), (0..4).collect(), (3..9).collect()];
        let merged = merge(9, given);
        let made: Vec<&[u16]> = merged.made.iter().map(|sum| sum.columns.as_slice()).collect();
        assert_eq!(made, [&[3, 4, 5, 6, 7, 8][..], &[0, 1, 2][..]]);
        assert_eq!(merged.given[0].parts, [0, 1]);
        assert_eq!(
            (&merged.given[1].columns[..], &merged.given[1].parts[..]),
            (&[3][..], &[1][..])
        );
    }
}
