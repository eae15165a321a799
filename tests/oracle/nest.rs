//! Does the accelerator model count what the loop nest really moves? The nest is run step by step,
//! every instance with the set of words it holds; the sparse tensor is an actual one. Equality.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use signloop::{
    accelerator::{
        mapping::{LevelMapping, Loop, Mapping},
        model::{Evaluation, Evaluator},
        problem::{DensitySpec, Dimension, Problem, Tensor, Term},
        sparse::{Density, Occupied, RankFormat, Rules},
    },
    machine::accelerator::{
        Accelerator, ActionEnergy, Compute, FormatSpec, MetadataStore, RankSpec, Saf, SafKind,
        SafOption, Storage, StorageEnergy,
    },
};

/// A word of a tensor.
type Word = Vec<u64>;

/// A loop of the nest, outermost first, with the place of its iterations.
#[derive(Debug, Clone, Copy)]
struct Step {
    level: usize,
    spatial: bool,
    dimension: usize,
    bound: u64,
    stride: u64,
}

/// Loops of a mapping, outermost first.
fn loops(mapping: &Mapping) -> Vec<Step> {
    let mut list = Vec::new();
    let mut sizes = [1_u64; 16];
    for (level, own) in mapping.levels.iter().enumerate() {
        let spatial = own.spatial_x.iter().chain(&own.spatial_y).map(|inner| (inner, true));
        for (inner, spatial) in spatial.chain(own.temporal.iter().map(|inner| (inner, false))) {
            let dimension = usize::from(inner.dimension);
            list.push(Step {
                level,
                spatial,
                dimension,
                bound: inner.bound,
                stride: sizes[dimension],
            });
            sizes[dimension] *= inner.bound;
        }
    }
    list.reverse();
    list
}

/// All values of some loops' indices, the last loop fastest.
fn indices(loops: &[Step]) -> Vec<Vec<u64>> {
    loops.iter().fold(vec![Vec::new()], |lists, own| {
        lists
            .iter()
            .flat_map(|list| {
                (0..own.bound).map(move |index| {
                    let mut longer = list.clone();
                    longer.push(index);
                    longer
                })
            })
            .collect()
    })
}

/// Operation that indices of loops point at, from an origin.
fn operation(loops: &[Step], at: &[u64], origin: &[u64; 16]) -> [u64; 16] {
    let mut point = *origin;
    for (own, index) in loops.iter().zip(at) {
        point[own.dimension] += own.stride * index;
    }
    point
}

fn word(tensor: &Tensor, point: &[u64; 16]) -> Word {
    let value = |term: &Term| term.coefficient * point[term.dimension];
    tensor.indices.iter().map(|index| index.iter().map(value).sum()).collect()
}

/// Dense and sparse counts of one level and tensor, over all instances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    reads: u64,
    fills: u64,
    updates: u64,
    /// Reads that serve only operations whose leader is zero.
    useless: u64,
    /// Fills of such blocks.
    useless_fills: u64,
    /// Operations that such blocks serve.
    spared: u64,
}

/// Words that a level hands to the level inside it (or to the units), step by step.
struct Walk<'a> {
    problem: &'a Problem,
    loops: Vec<Step>,
    /// Whether a word of the leader is nonzero, and which tensor the leader is.
    leader: (usize, &'a dyn Fn(&Word) -> bool),
}

/// One block on its way: who asked, what it is, and whether anything useful was done with it.
struct Block {
    words: BTreeSet<Word>,
    holders: u64,
    useful: bool,
    /// Operations that it served.
    served: u64,
}

impl Walk<'_> {
    /// Counts of `tensor` at `parent`, whose next level inwards is `child` (None: the units).
    /// `again` are outputs that come back: they need their partial sums.
    fn between(&self, tensor: usize, parent: usize, child: Option<usize>) -> (Count, Count) {
        let inside = child.map_or(0, |child| child + 1);
        let outer = |own: &&Step| own.level >= inside;
        let time: Vec<Step> =
            self.loops.iter().filter(outer).filter(|own| !own.spatial).copied().collect();
        let space: Vec<Step> =
            self.loops.iter().filter(outer).filter(|own| own.spatial).copied().collect();
        let inner: Vec<Step> =
            self.loops.iter().filter(|own| own.level < inside).copied().collect();
        let shape = &self.problem.tensors[tensor];
        let places = indices(&space);
        let tile = indices(&inner);
        let mut held: Vec<BTreeSet<Word>> = vec![BTreeSet::new(); places.len()];
        let mut ever: Vec<BTreeSet<Word>> = vec![BTreeSet::new(); places.len()];
        // The block that each instance works on.
        let mut current: Vec<Option<usize>> = vec![None; places.len()];
        let mut blocks: Vec<Block> = Vec::new();
        let (mut at_parent, mut at_child) = (Count::default(), Count::default());
        for step in indices(&time) {
            // Fresh words by the parent instance that hands them out: equal sets are one block.
            let mut asked: BTreeMap<(Vec<u64>, BTreeSet<Word>), Vec<usize>> = BTreeMap::new();
            let mut returned: BTreeSet<(Vec<u64>, Word)> = BTreeSet::new();
            for (instance, place) in places.iter().enumerate() {
                let origin = operation(&time, &step, &[0; 16]);
                let origin = operation(&space, place, &origin);
                let words: BTreeSet<Word> =
                    tile.iter().map(|at| word(shape, &operation(&inner, at, &origin))).collect();
                let fresh: BTreeSet<Word> = match child {
                    Some(_) => words.difference(&held[instance]).cloned().collect(),
                    None => words.clone(),
                };
                held[instance] = words;
                let home: Vec<u64> = space
                    .iter()
                    .zip(place)
                    .filter(|(own, _)| own.level > parent)
                    .map(|(_, index)| *index)
                    .collect();
                if shape.output && child.is_some() {
                    // A partial sum that comes back comes to one of the instances that share it.
                    for word in &fresh {
                        if !ever[instance].insert(word.clone())
                            && returned.insert((home.clone(), word.clone()))
                        {
                            at_child.fills += 1;
                        }
                    }
                }
                if !fresh.is_empty() {
                    asked.entry((home, fresh)).or_default().push(instance);
                }
            }
            for ((home, words), instances) in asked {
                at_parent.reads += words.len() as u64;
                if shape.output {
                    at_parent.updates += words.len() as u64;
                }
                let _ = home;
                for instance in &instances {
                    current[*instance] = Some(blocks.len());
                }
                blocks.push(Block {
                    words,
                    holders: instances.len() as u64,
                    useful: false,
                    served: 0,
                });
            }
            let (leader, nonzero) = self.leader;
            for (instance, place) in places.iter().enumerate() {
                let Some(block) = current[instance] else { continue };
                let origin = operation(&time, &step, &[0; 16]);
                let origin = operation(&space, place, &origin);
                blocks[block].served += tile.len() as u64;
                blocks[block].useful |= tile.iter().any(|at| {
                    nonzero(&word(&self.problem.tensors[leader], &operation(&inner, at, &origin)))
                });
            }
        }
        for block in &blocks {
            let words = block.words.len() as u64;
            if !shape.output && child.is_some() {
                at_child.fills += words * block.holders;
            }
            if !block.useful {
                at_parent.useless += words;
                at_parent.spared += block.served;
                at_child.useless_fills += words * block.holders;
            }
        }
        (at_parent, at_child)
    }
}

/// Counts of every level and tensor.
fn count(
    problem: &Problem,
    mapping: &Mapping,
    leader: (usize, &dyn Fn(&Word) -> bool),
) -> Vec<Vec<Count>> {
    let walk = Walk { problem, loops: loops(mapping), leader };
    let levels = mapping.levels.len();
    let mut counts = vec![vec![Count::default(); problem.tensors.len()]; levels];
    for (tensor, shape) in problem.tensors.iter().enumerate() {
        let mut child = None;
        for level in 0..levels {
            if !mapping.levels[level].keeps(tensor) {
                continue;
            }
            let (own, inside) = walk.between(tensor, level, child);
            counts[level][tensor].reads += own.reads;
            counts[level][tensor].updates += own.updates;
            counts[level][tensor].useless += own.useless;
            counts[level][tensor].spared += own.spared;
            if let Some(child) = child {
                let below: &mut Count = &mut counts[child][tensor];
                below.fills += inside.fills;
                below.useless_fills += inside.useless_fills;
                if shape.output {
                    // Every word that comes into the child goes back to this level in the end.
                    below.reads += walk.drained(tensor, child);
                }
            }
            child = Some(level);
        }
        if shape.output {
            // The first value of a word is written without reading a partial sum.
            for level in (0..levels).filter(|level| mapping.levels[*level].keeps(tensor)) {
                counts[level][tensor].reads -= walk.ever(tensor, level);
            }
        }
    }
    counts
}

impl Walk<'_> {
    /// Words that the instances of a level hold at one time or another.
    fn ever(&self, tensor: usize, level: usize) -> u64 {
        let space: Vec<Step> =
            self.loops.iter().filter(|own| own.level > level && own.spatial).copied().collect();
        let rest: Vec<Step> =
            self.loops.iter().filter(|own| own.level <= level || !own.spatial).copied().collect();
        let all = indices(&rest);
        let words = |place: &Vec<u64>| {
            let origin = operation(&space, place, &[0; 16]);
            let shape = &self.problem.tensors[tensor];
            all.iter()
                .map(|at| word(shape, &operation(&rest, at, &origin)))
                .collect::<BTreeSet<Word>>()
                .len() as u64
        };
        indices(&space).iter().map(words).sum()
    }

    /// Words that come into the instances of a level, each as often as it comes.
    fn drained(&self, tensor: usize, level: usize) -> u64 {
        let outer = |own: &&Step| own.level > level;
        let time: Vec<Step> =
            self.loops.iter().filter(outer).filter(|own| !own.spatial).copied().collect();
        let space: Vec<Step> =
            self.loops.iter().filter(outer).filter(|own| own.spatial).copied().collect();
        let inner: Vec<Step> =
            self.loops.iter().filter(|own| own.level <= level).copied().collect();
        let (shape, tile) = (&self.problem.tensors[tensor], indices(&inner));
        let mut total = 0;
        for place in indices(&space) {
            let mut held = BTreeSet::new();
            for step in indices(&time) {
                let origin = operation(&time, &step, &[0; 16]);
                let origin = operation(&space, &place, &origin);
                let words: BTreeSet<Word> =
                    tile.iter().map(|at| word(shape, &operation(&inner, at, &origin))).collect();
                total += words.difference(&held).count() as u64;
                held = words;
            }
        }
        total
    }
}

/// Name, ranks of (dimension, coefficient), whether it is written.
type Projected<'a> = (&'a str, &'a [&'a [(usize, u64)]], bool);

fn problem(dimensions: &[(&str, u64)], tensors: &[Projected<'_>]) -> Problem {
    let tensor = |(name, indices, output): &(&str, &[&[(usize, u64)]], bool)| Tensor {
        name: (*name).to_owned(),
        indices: indices
            .iter()
            .map(|index| {
                index
                    .iter()
                    .map(|(dimension, coefficient)| Term {
                        dimension: *dimension,
                        coefficient: *coefficient,
                    })
                    .collect()
            })
            .collect(),
        output: *output,
        density: DensitySpec::Dense,
    };
    Problem {
        name: "tiny".to_owned(),
        dimensions: dimensions
            .iter()
            .map(|(name, size)| Dimension { name: (*name).to_owned(), size: *size })
            .collect(),
        tensors: tensors.iter().map(tensor).collect(),
    }
}

fn matmul(m: u64, n: u64, k: u64) -> Problem {
    problem(
        &[("M", m), ("N", n), ("K", k)],
        &[
            ("A", &[&[(0, 1)], &[(2, 1)]], false),
            ("B", &[&[(1, 1)], &[(2, 1)]], false),
            ("Z", &[&[(0, 1)], &[(1, 1)]], true),
        ],
    )
}

/// A convolution with K, C, P, R, Q, S; stride and dilation are those of P and R.
fn convolution([k, c, p, r, q, s]: [u64; 6], stride: u64, dilation: u64) -> Problem {
    problem(
        &[("K", k), ("C", c), ("P", p), ("R", r), ("Q", q), ("S", s)],
        &[
            ("Weights", &[&[(0, 1)], &[(1, 1)], &[(3, 1)], &[(5, 1)]], false),
            ("Inputs", &[&[(1, 1)], &[(3, dilation), (2, stride)], &[(5, 1), (4, 1)]], false),
            ("Outputs", &[&[(0, 1)], &[(2, 1)], &[(4, 1)]], true),
        ],
    )
}

fn accelerator(levels: usize) -> Accelerator {
    let storage = |level: usize| Storage {
        name: format!("L{level}"),
        source: "made up for this test".into(),
        capacity_words: None,
        word_bits: 8,
        block_words: 1,
        instances_x: 1 << (2 * (levels - 1 - level)),
        instances_y: 1,
        read_words_per_cycle: None,
        write_words_per_cycle: None,
        shared_words_per_cycle: None,
        buffering: 1.0,
        multicast: true,
        metadata: Some(MetadataStore { word_bits: 8, width_bits: 8, depth: None }),
        energy: StorageEnergy::default(),
        decompresses: true,
        compresses: true,
        formats: Vec::new(),
        safs: Vec::new(),
    };
    Accelerator {
        name: "tiny".to_owned(),
        description: String::new(),
        levels: (0..levels).map(storage).collect(),
        compute: Compute {
            name: "MAC".to_owned(),
            source: "made up for this test".into(),
            instances_x: 1 << (2 * levels),
            instances_y: 1,
            word_bits: 8,
            energy: ActionEnergy::default(),
            leak_pj_per_cycle: 0.0,
            gates: false,
            skips: false,
        },
    }
}

/// The same, where a level gates or skips what of `follower` meets zeros of `leader`, which is
/// compressed at every level.
fn led(levels: usize, (at, kind): (usize, SafKind), follower: &str, leader: &str) -> Accelerator {
    let mut accelerator = accelerator(levels);
    let option = SafOption { follower: follower.to_owned(), leaders: vec![leader.to_owned()] };
    accelerator.levels[at].safs = vec![Saf { kind, options: vec![option] }];
    let rank = RankSpec {
        format: RankFormat::Coordinates,
        metadata_bits: None,
        payload_bits: None,
        flattens: Vec::new(),
    };
    // A level stores the tiles of the level inside, so that it needs more ranks.
    for (index, level) in accelerator.levels.iter_mut().enumerate() {
        let ranks = vec![rank.clone(); 5 * (index + 1)];
        level.formats = vec![(leader.to_owned(), FormatSpec { ranks, inner_to_outer: true })];
    }
    accelerator
}

/// What the model says where the first tensor is an actual one.
fn evaluated(
    accelerator: &Accelerator,
    problem: &Problem,
    mapping: &Mapping,
    first: Occupied,
) -> Evaluation {
    let densities = [Some(Density::actual(first, Rules::Exact)), None, None];
    let mut evaluator =
        Evaluator::with_densities(accelerator, problem, Rules::Exact, &densities).unwrap();
    evaluator.evaluate(mapping).unwrap()
}

/// Random loops that cover a problem: each prime factor of each dimension goes to a random level,
/// in time or (few of them) in space, and the loops of a level are shuffled.
fn mapped(problem: &Problem, levels: usize, picks: &[u64]) -> Mapping {
    let mut picks = picks.iter().copied().cycle();
    let mut pick = |among: u64| picks.next().unwrap_or(0) % among;
    let all = (1 << problem.tensors.len()) - 1;
    let mut mapping =
        Mapping { levels: vec![LevelMapping { keep: all, ..LevelMapping::default() }; levels] };
    for (dimension, stated) in problem.dimensions.iter().enumerate() {
        let mut rest = stated.size;
        let mut factor = 2;
        while rest > 1 {
            if !rest.is_multiple_of(factor) {
                factor += 1;
                continue;
            }
            rest /= factor;
            let own = &mut mapping.levels[pick(levels as u64) as usize];
            let inner = Loop { dimension: dimension as u8, bound: factor };
            let width: u64 = own.spatial_x.iter().map(|inner| inner.bound).product();
            if pick(3) == 0 && width * factor <= 4 {
                own.spatial_x.push(inner);
            } else {
                let place = pick(own.temporal.len() as u64 + 1) as usize;
                own.temporal.insert(place, inner);
            }
        }
    }
    // Inner levels may let tensors pass.
    for level in &mut mapping.levels[..levels - 1] {
        for tensor in 0..problem.tensors.len() {
            if pick(5) == 0 {
                level.keep &= !(1 << tensor);
            }
        }
    }
    mapping
}

fn whole(value: f64) -> u64 {
    assert!((value - value.round()).abs() < 1e-6, "{value} is no whole number of words");
    value.round() as u64
}

/// Dense counts of the model, in all instances.
fn assert_dense(found: &Evaluation, wanted: &[Vec<Count>]) {
    for (level, (cost, wanted)) in found.levels.iter().zip(wanted).enumerate() {
        for (tensor, (cost, wanted)) in cost.tensors.iter().zip(wanted).enumerate() {
            let words = &cost.words;
            let own = [words.read, words.fill, words.update]
                .map(|flow| whole(flow.actual * cost.mapped_instances as f64));
            assert_eq!(
                own,
                [wanted.reads, wanted.fills, wanted.updates],
                "level {level} tensor {tensor}: reads, fills, updates"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dense_products_move_what_the_nest_moves(
        (m, n, k) in (1_u64..7, 1_u64..7, 1_u64..7),
        levels in 1_usize..4,
        picks in proptest::collection::vec(0_u64..1000, 40),
    ) {
        let problem = matmul(m, n, k);
        let mapping = mapped(&problem, levels, &picks);
        let accelerator = accelerator(levels);
        let mut evaluator = Evaluator::new(&accelerator, &problem, Rules::Exact).unwrap();
        let found = evaluator.evaluate(&mapping).unwrap();
        assert_dense(&found, &count(&problem, &mapping, (0, &|_| true)));
    }

    #[test]
    fn windows_move_what_the_nest_moves(
        (k, c, p, r) in (1_u64..4, 1_u64..3, 1_u64..9, 1_u64..5),
        (q, s) in (1_u64..3, 1_u64..3),
        (stride, dilation) in (1_u64..4, 1_u64..3),
        levels in 1_usize..4,
        picks in proptest::collection::vec(0_u64..1000, 40),
    ) {
        let problem = convolution([k, c, p, r, q, s], stride, dilation);
        let mapping = mapped(&problem, levels, &picks);
        let accelerator = accelerator(levels);
        let mut evaluator = Evaluator::new(&accelerator, &problem, Rules::Exact).unwrap();
        let found = evaluator.evaluate(&mapping).unwrap();
        assert_dense(&found, &count(&problem, &mapping, (0, &|_| true)));
    }

    /// The zeros of an actual matrix A: its words where it is compressed, the reads of B that are
    /// useless at one level, what that leaves of B's fills further in, and the operations.
    #[test]
    fn actual_zeros_save_what_the_nest_saves(
        (m, n, k) in (1_u64..5, 1_u64..5, 1_u64..7),
        levels in 1_usize..4,
        picks in proptest::collection::vec(0_u64..1000, 40),
        bits in proptest::collection::vec(any::<bool>(), 24),
        (at, kind) in (0_usize..3, 0_usize..2),
    ) {
        let problem = matmul(m, n, k);
        let mut mapping = mapped(&problem, levels, &picks);
        let at = at.min(levels - 1);
        mapping.levels[at].keep |= 0b010;
        let kind = [SafKind::Skip, SafKind::Gate][kind];
        let accelerator = led(levels, (at, kind), "B", "A");
        let nonzero: Vec<bool> = (0..m * k).map(|index| bits[index as usize % 24]).collect();
        let occupied = Occupied::new(&[m, k], &nonzero).unwrap();
        let found = evaluated(&accelerator, &problem, &mapping, occupied);
        let is_nonzero = |word: &Word| nonzero[(word[0] * k + word[1]) as usize];
        let dense = count(&problem, &mapping, (0, &is_nonzero));
        let share = nonzero.iter().filter(|bit| **bit).count() as f64 / (m * k) as f64;
        for (level, (cost, wanted)) in found.levels.iter().zip(&dense).enumerate() {
            let [a, b, _] = cost.tensors.as_slice() else { panic!("three tensors") };
            // Only the nonzero words of A move. Each tile comes equally often.
            let stored = |dense: u64| (dense as f64 * share * 1e6).round();
            let moved = |flow: f64| (flow * a.mapped_instances as f64 * 1e6).round();
            assert_eq!(moved(a.words.read.actual), stored(wanted[0].reads), "level {level}");
            assert_eq!(moved(a.words.fill.actual), stored(wanted[0].fills), "level {level}");
            if level == at {
                let saved = b.words.read.skipped + b.words.read.gated;
                assert_eq!(whole(saved * b.mapped_instances as f64), wanted[1].useless);
                let done = whole(b.words.read.actual * b.mapped_instances as f64);
                assert_eq!(done, wanted[1].reads - wanted[1].useless);
            }
            // The next level inwards that keeps B is not sent the useless blocks.
            let next = (0..at).rev().find(|inner| mapping.levels[*inner].keeps(1));
            if next == Some(level) {
                let fills = whole(b.words.fill.actual * b.mapped_instances as f64);
                assert_eq!(fills, wanted[1].fills - wanted[1].useless_fills);
            }
        }
        let innermost = (0..levels).find(|level| mapping.levels[*level].keeps(1)).unwrap();
        let flow = found.compute.flow;
        if innermost == at && mapping.levels[..=at].iter().all(|own| own.spatial_x.is_empty()) {
            // One operation a read: those of a zero of A are saved.
            let zeros = nonzero.iter().filter(|bit| !**bit).count() as u64 * n;
            let saved = match kind {
                SafKind::Gate => flow.gated,
                _ => flow.skipped,
            };
            assert_eq!(whole(saved), zeros);
            assert_eq!(whole(flow.actual), m * n * k - zeros);
        }
        assert_eq!(whole(flow.actual + flow.gated + flow.skipped), m * n * k);
    }

    /// The zeros of actual weights, whose inputs slide.
    #[test]
    fn actual_zeros_of_weights_save_what_the_nest_saves(
        (k, c, p, r) in (1_u64..4, 1_u64..4, 1_u64..7, 1_u64..5),
        (q, s) in (1_u64..4, 1_u64..3),
        (stride, dilation) in (1_u64..4, 1_u64..3),
        levels in 1_usize..4,
        picks in proptest::collection::vec(0_u64..1000, 40),
        bits in proptest::collection::vec(any::<bool>(), 72),
        (at, kind) in (0_usize..3, 0_usize..2),
    ) {
        let problem = convolution([k, c, p, r, q, s], stride, dilation);
        let mut mapping = mapped(&problem, levels, &picks);
        let at = at.min(levels - 1);
        mapping.levels[at].keep |= 0b010;
        let kind = [SafKind::Skip, SafKind::Gate][kind];
        let accelerator = led(levels, (at, kind), "Inputs", "Weights");
        let nonzero: Vec<bool> = (0..k * c * r * s).map(|index| bits[index as usize]).collect();
        let occupied = Occupied::new(&[k, c, r, s], &nonzero).unwrap();
        let found = evaluated(&accelerator, &problem, &mapping, occupied);
        let is_nonzero = |word: &Word| {
            nonzero[(((word[0] * c + word[1]) * r + word[2]) * s + word[3]) as usize]
        };
        let dense = count(&problem, &mapping, (0, &is_nonzero));
        let operations = k * c * p * r * q * s;
        let share = nonzero.iter().filter(|bit| **bit).count() as f64 / (k * c * r * s) as f64;
        for (level, (cost, wanted)) in found.levels.iter().zip(&dense).enumerate() {
            let [weights, inputs, _] = cost.tensors.as_slice() else { panic!("three tensors") };
            let stored = |dense: u64| (dense as f64 * share * 1e6).round();
            let moved = |flow: f64| (flow * weights.mapped_instances as f64 * 1e6).round();
            prop_assert_eq!(moved(weights.words.read.actual), stored(wanted[0].reads));
            prop_assert_eq!(moved(weights.words.fill.actual), stored(wanted[0].fills));
            let all = |flow: f64| whole(flow * inputs.mapped_instances as f64);
            if level == at {
                let saved = inputs.words.read.skipped + inputs.words.read.gated;
                prop_assert_eq!(all(saved), wanted[1].useless, "{:?}", loops(&mapping));
                let done = wanted[1].reads - wanted[1].useless;
                prop_assert_eq!(all(inputs.words.read.actual), done);
            }
            let next = (0..at).rev().find(|inner| mapping.levels[*inner].keeps(1));
            if next == Some(level) {
                let sent = wanted[1].fills - wanted[1].useless_fills;
                prop_assert_eq!(all(inputs.words.fill.actual), sent);
                // What it reads serves equally many operations each.
                let done = operations - dense[at][1].spared;
                let reads = inputs.words.read.actual * inputs.mapped_instances as f64;
                let expected = (wanted[1].reads * done) as f64 / operations as f64;
                prop_assert!((reads - expected).abs() < 1e-6, "{reads} {expected}");
            }
        }
        let flow = found.compute.flow;
        let saved = dense[at][1].spared;
        let (saving, other) = match kind {
            SafKind::Gate => (flow.gated, flow.skipped),
            _ => (flow.skipped, flow.gated),
        };
        prop_assert_eq!(whole(saving), saved);
        prop_assert_eq!(whole(other), 0);
        prop_assert_eq!(whole(flow.actual), operations - saved);
    }
}
