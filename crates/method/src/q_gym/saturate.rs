//! The e-graph of a tile, saturated once for each number of inputs.
//!
//! It begins with the sum of all inputs (with signs: under every choice of signs), of which every
//! smaller sum is a part. The laws are commutativity, associativity and those of negation. Limits
//! are on iterations and nodes, not on time, so that the graph is always the same.

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use egg::{
    Analysis, DidMerge, EGraph, Id, Rewrite, Runner, SimpleScheduler, define_language, rewrite,
};

use crate::subset_table::Pattern;

/// Most inputs of a graph with signs: 5^6 sums of two.
pub(super) const MOST_SIGNED: u32 = 6;
/// Most inputs of a graph without: 3^8 sums of two.
pub(super) const MOST_PLAIN: u32 = 8;
const MOST_NODES: usize = 200_000;
const MOST_ITERATIONS: usize = 64;

define_language! {
    enum Sum {
        Input(u32),
        "+" = Add([Id; 2]),
        "neg" = Negate(Id),
    }
}

/// The codes that a class stands for.
struct Codes;

impl Analysis<Sum> for Codes {
    type Data = Pattern;

    fn make(graph: &mut EGraph<Sum, Self>, node: &Sum, _: Id) -> Pattern {
        match node {
            Sum::Input(input) => Pattern { plus: 1 << input, minus: 0 },
            Sum::Add([a, b]) => {
                let (a, b) = (graph[*a].data, graph[*b].data);
                Pattern { plus: a.plus | b.plus, minus: a.minus | b.minus }
            }
            Sum::Negate(a) => {
                let a = graph[*a].data;
                Pattern { plus: a.minus, minus: a.plus }
            }
        }
    }

    /// Equal classes have equal codes, as every law keeps them.
    fn merge(&mut self, _: &mut Pattern, _: Pattern) -> DidMerge {
        DidMerge(false, false)
    }
}

/// A part of a split: class and whether it is subtracted.
pub(super) type Part = (u32, bool);

/// A sum of two parts by their patterns, and whether each is subtracted.
type SplitPatterns = [(Pattern, bool); 2];

/// A class up to sign, and the ways to write it as a sum of two.
pub(super) struct Class {
    pub(super) pattern: Pattern,
    pub(super) splits: Vec<[Part; 2]>,
}

/// What was found, by number of inputs in a class; the inputs themselves come first.
pub(super) struct Graph {
    pub(super) classes: Vec<Class>,
    pub(super) index: BTreeMap<Pattern, u32>,
}

/// The graph of `inputs` inputs, made on first use.
pub(super) fn graph(inputs: u32, signed: bool) -> &'static Graph {
    const MOST: usize = MOST_PLAIN as usize + 1;
    static GRAPHS: [[OnceLock<Graph>; MOST]; 2] = [const { [const { OnceLock::new() }; MOST] }; 2];
    GRAPHS[usize::from(signed)][inputs as usize].get_or_init(|| saturate(inputs, signed))
}

fn laws() -> Vec<Rewrite<Sum, Codes>> {
    vec![
        rewrite!("commute"; "(+ ?a ?b)" => "(+ ?b ?a)"),
        rewrite!("associate"; "(+ ?a (+ ?b ?c))" => "(+ (+ ?a ?b) ?c)"),
        rewrite!("negate a sum"; "(neg (+ ?a ?b))" => "(+ (neg ?a) (neg ?b))"),
        rewrite!("sum of negatives"; "(+ (neg ?a) (neg ?b))" => "(neg (+ ?a ?b))"),
        rewrite!("negate twice"; "(neg (neg ?a))" => "?a"),
    ]
}

fn saturate(inputs: u32, signed: bool) -> Graph {
    let mut graph = EGraph::new(Codes);
    let choices = if signed { 1_u32 << (inputs - 1) } else { 1 };
    for signs in 0..choices {
        let mut sum = None;
        for input in 0..inputs {
            let mut term = graph.add(Sum::Input(input));
            // The first input keeps its sign: the others are told up to sign.
            if input > 0 && signs >> (input - 1) & 1 == 1 {
                term = graph.add(Sum::Negate(term));
            }
            sum = Some(sum.map_or(term, |sum| graph.add(Sum::Add([sum, term]))));
        }
    }
    let runner: Runner<Sum, Codes> = Runner::new(Codes)
        .with_egraph(graph)
        .with_iter_limit(MOST_ITERATIONS)
        .with_node_limit(MOST_NODES)
        // Only iterations and nodes stop it.
        .with_time_limit(Duration::from_secs(u64::from(u32::MAX)))
        .with_scheduler(SimpleScheduler)
        .run(&laws());
    read(&runner.egraph)
}

/// Classes up to sign in order of size, then pattern: the order of the graph's own ids is left
/// behind.
fn read(graph: &EGraph<Sum, Codes>) -> Graph {
    let mut found: BTreeMap<(u32, Pattern), Vec<SplitPatterns>> = BTreeMap::new();
    for class in graph.classes() {
        let (pattern, negative) = class.data.canonical();
        let splits = found.entry((pattern.support().count_ones(), pattern)).or_default();
        for node in class.iter() {
            if let Sum::Add([a, b]) = node {
                let part = |id: &Id| {
                    let (pattern, turned) = graph[*id].data.canonical();
                    (pattern, turned != negative)
                };
                let (a, b) = (part(a), part(b));
                splits.push([a.min(b), a.max(b)]);
            }
        }
    }
    let index: BTreeMap<Pattern, u32> =
        found.keys().enumerate().map(|(class, (_, pattern))| (*pattern, class as u32)).collect();
    let classes = found
        .into_iter()
        .map(|((_, pattern), mut splits)| {
            splits.sort_unstable();
            splits.dedup();
            let part = |(pattern, negative): (Pattern, bool)| (index[&pattern], negative);
            Class { pattern, splits: splits.into_iter().map(|split| split.map(part)).collect() }
        })
        .collect();
    Graph { classes, index }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without signs: every non-empty subset of n inputs is a class, and one of s inputs splits
    /// into two non-empty parts in 2^(s−1) − 1 ways. With signs a subset of s has 2^(s−1) classes
    /// up to sign.
    #[test]
    fn saturated_graphs_hold_every_sum_and_split() {
        for (inputs, signed) in [(1, false), (4, false), (6, false), (3, true), (4, true)] {
            let graph = graph(inputs, signed);
            let subsets = (1_u32..1 << inputs).map(|subset| {
                let signs = if signed { 1_usize << (subset.count_ones() - 1) } else { 1 };
                (signs, signs * ((1 << (subset.count_ones() - 1)) - 1))
            });
            let (classes, splits) = subsets.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
            assert_eq!(graph.classes.len(), classes, "{inputs} {signed}");
            let found: usize = graph.classes.iter().map(|class| class.splits.len()).sum();
            assert_eq!(found, splits, "{inputs} {signed}");
        }
    }
}
