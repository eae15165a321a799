//! Taking the sums out of the e-graph: fewest adds, where a sum that several read counts once.
//!
//! An exact answer is NP-hard (it is a minimum set of classes in which every class has a split).
//! Largest sums first: a sum that no split of sums at hand makes takes the split whose new parts
//! cost the least, where the adds of a part are shared by all waiting sums that could use it.
//! Then parts that turn out not to be needed are dropped.

use super::saturate::Graph;

/// The classes to be summed, in order of size; each with the split to use (none for an input).
pub(super) fn extract(graph: &Graph, roots: &[u32]) -> Vec<(u32, Option<usize>)> {
    let mut needed = Needed::new(graph, roots);
    let largest = graph.classes.last().map_or(0, |class| class.pattern.support().count_ones());
    for size in (2..=largest).rev() {
        needed.settle(size);
    }
    needed.prune(roots);
    let chosen = (0..graph.classes.len() as u32).filter(|class| needed.has[*class as usize]);
    chosen.map(|class| (class, needed.split(class))).collect()
}

struct Needed<'a> {
    graph: &'a Graph,
    /// By class; inputs are always at hand.
    has: Vec<bool>,
    uses: Vec<u32>,
}

impl<'a> Needed<'a> {
    fn new(graph: &'a Graph, roots: &[u32]) -> Self {
        let mut has: Vec<bool> =
            graph.classes.iter().map(|class| class.pattern.support().is_power_of_two()).collect();
        roots.iter().for_each(|root| has[*root as usize] = true);
        let uses = vec![0; graph.classes.len()];
        Self { graph, has, uses }
    }

    /// The first split whose parts are at hand.
    fn split(&self, class: u32) -> Option<usize> {
        let splits = &self.graph.classes[class as usize].splits;
        splits.iter().position(|split| split.iter().all(|(part, _)| self.has[*part as usize]))
    }

    /// Gives every needed sum of so many inputs a split.
    fn settle(&mut self, size: u32) {
        let classes = &self.graph.classes;
        let first = classes.partition_point(|c| c.pattern.support().count_ones() < size);
        let end = classes.partition_point(|c| c.pattern.support().count_ones() <= size);
        let waiting: Vec<u32> = (first as u32..end as u32)
            .filter(|class| self.has[*class as usize] && self.split(*class).is_none())
            .collect();
        self.uses.fill(0);
        for split in waiting.iter().flat_map(|class| &classes[*class as usize].splits) {
            for (part, _) in split {
                self.uses[*part as usize] += 1;
            }
        }
        for class in waiting {
            let price = |part: u32| {
                let adds = classes[part as usize].pattern.support().count_ones() - 1;
                if self.has[part as usize] {
                    0
                } else {
                    (u64::from(adds) << 32) / u64::from(self.uses[part as usize].max(1))
                }
            };
            let cost = |split: &[(u32, bool); 2]| price(split[0].0) + price(split[1].0);
            if let Some(split) = classes[class as usize].splits.iter().min_by_key(|s| cost(s)) {
                split.iter().for_each(|(part, _)| self.has[*part as usize] = true);
            }
        }
    }

    /// Drops sums that are no roots and without which every other still has a split.
    fn prune(&mut self, roots: &[u32]) {
        let classes = &self.graph.classes;
        let mut root = vec![false; classes.len()];
        roots.iter().for_each(|class| root[*class as usize] = true);
        let inner = |class: &u32| !classes[*class as usize].splits.is_empty();
        for class in (0..classes.len() as u32).rev().filter(inner) {
            if !self.has[class as usize] || root[class as usize] {
                continue;
            }
            self.has[class as usize] = false;
            let stands = (class + 1..classes.len() as u32)
                .all(|other| !self.has[other as usize] || self.split(other).is_some());
            self.has[class as usize] = !stands;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::saturate::graph;
    use super::*;

    fn adds(inputs: u32, signed: bool, roots: impl Fn(u32) -> bool) -> usize {
        let graph = graph(inputs, signed);
        let roots: Vec<u32> = (0..graph.classes.len() as u32)
            .filter(|class| roots(graph.classes[*class as usize].pattern.support().count_ones()))
            .collect();
        extract(graph, &roots).iter().filter(|(_, split)| split.is_some()).count()
    }

    /// All subsets: each of the 2^n − 1 − n sums of two or more inputs is one add.
    #[test]
    fn all_subsets_take_one_add_each() {
        assert_eq!(adds(5, false, |_| true), 26);
    }

    /// All 2^(n−1) sign patterns of n inputs up to sign: one add each, and the halves of n = 4,
    /// two patterns either: 8 + 2 + 2. The whole alone takes n − 1.
    #[test]
    fn full_sign_patterns_are_built_from_halves() {
        assert_eq!(adds(4, true, |size| size == 4), 12);
        assert_eq!(adds(6, false, |size| size == 6), 5);
    }
}
