//! Sparse features, formats, strides, bypasses and arrays in random company: does every access end
//! up somewhere, and do more zeros or more features never cost more?

use proptest::prelude::*;
use signloop::{
    accelerator::{
        mapping::{LevelMapping, Loop, Mapping},
        model::{Evaluation, Evaluator, Flow},
        problem::{DensitySpec, Dimension, Problem, Tensor, Term},
        sparse::{RankFormat, Rules},
    },
    machine::accelerator::{
        Accelerator, ActionEnergy, Compute, FormatSpec, MetadataStore, RankSpec, Saf, SafKind,
        SafOption, Storage, StorageEnergy,
    },
};

const LEVELS: usize = 3;

/// Random numbers of a case, taken one after the other.
struct Picks<'a>(std::iter::Cycle<std::slice::Iter<'a, u32>>);

impl Picks<'_> {
    fn of(&mut self, among: u32) -> u32 {
        self.0.next().copied().unwrap_or(0) % among
    }

    fn one<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.of(list.len() as u32) as usize]
    }
}

fn density(picks: &mut Picks<'_>) -> DensitySpec {
    match picks.of(3) {
        0 => DensitySpec::Dense,
        1 => DensitySpec::Uniform(picks.one(&[0.05, 0.1, 0.35, 0.5, 0.75])),
        _ => DensitySpec::Structured(picks.one(&[0.125, 0.25, 0.5, 0.75])),
    }
}

/// A product, or a convolution whose window slides with a stride and a dilation.
fn problem(picks: &mut Picks<'_>) -> Problem {
    let term = |dimension, coefficient| vec![Term { dimension, coefficient }];
    let slides = picks.of(2) == 0;
    let window = vec![
        Term { dimension: 0, coefficient: u64::from(picks.of(3) + 1) },
        Term { dimension: 2, coefficient: u64::from(picks.of(2) + 1) },
    ];
    let tensor = |name: &str, indices, output, density| Tensor {
        name: name.to_owned(),
        indices,
        output,
        density,
    };
    let first = if slides { vec![window] } else { vec![term(0, 1), term(2, 1)] };
    Problem {
        name: "random".to_owned(),
        dimensions: ["M", "N", "K"]
            .iter()
            .map(|name| Dimension {
                name: (*name).to_owned(),
                size: picks.one(&[1, 2, 3, 4, 5, 6, 7, 9, 10]),
            })
            .collect(),
        tensors: vec![
            tensor("A", first, false, density(picks)),
            tensor("B", vec![term(1, 1), term(2, 1)], false, density(picks)),
            tensor("Z", vec![term(0, 1), term(1, 1)], true, DensitySpec::Dense),
        ],
    }
}

fn mapping(problem: &Problem, picks: &mut Picks<'_>) -> Mapping {
    let mut mapping =
        Mapping { levels: vec![LevelMapping { keep: 0b111, ..LevelMapping::default() }; LEVELS] };
    for (dimension, stated) in problem.dimensions.iter().enumerate() {
        let mut rest = stated.size;
        while rest > 1 {
            let factor = (2..=rest).find(|factor| rest.is_multiple_of(*factor)).unwrap_or(rest);
            rest /= factor;
            let own = &mut mapping.levels[picks.of(LEVELS as u32) as usize];
            let step = Loop { dimension: dimension as u8, bound: factor };
            match picks.of(5) {
                0 if LevelMapping::product(&own.spatial_x) * factor <= 16 => {
                    own.spatial_x.push(step);
                }
                1 if LevelMapping::product(&own.spatial_y) * factor <= 16 => {
                    own.spatial_y.push(step);
                }
                _ => own.temporal.insert(picks.of(own.temporal.len() as u32 + 1) as usize, step),
            }
        }
    }
    for level in &mut mapping.levels[..LEVELS - 1] {
        for tensor in 0..3 {
            if picks.of(5) == 0 {
                level.keep &= !(1 << tensor);
            }
        }
    }
    mapping
}

fn accelerator(picks: &mut Picks<'_>) -> Accelerator {
    let formats: Vec<(&str, RankFormat)> = ["A", "B"]
        .into_iter()
        .filter_map(|name| {
            let all = [RankFormat::Bitmask, RankFormat::Coordinates, RankFormat::RunLength];
            (picks.of(3) > 0).then(|| (name, picks.one(&all)))
        })
        .collect();
    let energy = |actual: f64| ActionEnergy { actual, gated: actual / 100.0, skipped: 0.0 };
    let storage = |level: usize| {
        let scale = 4_f64.powi(level as i32);
        let block_words = picks.one(&[1, 2, 4]);
        let ports = (picks.of(2) == 0).then(|| picks.one(&[1.0, 4.0]));
        let rank = |format| RankSpec {
            format,
            metadata_bits: None,
            payload_bits: None,
            flattens: Vec::new(),
        };
        let safs = [("B", vec!["A"]), ("A", vec!["B"]), ("Z", vec!["A", "B"])]
            .into_iter()
            .filter_map(|(follower, leaders)| {
                let kind = [SafKind::Skip, SafKind::Gate][picks.of(4) as usize / 3];
                (picks.of(3) == 0).then(|| Saf {
                    kind,
                    options: vec![SafOption {
                        follower: follower.to_owned(),
                        leaders: leaders.iter().map(|leader| (*leader).to_owned()).collect(),
                    }],
                })
            })
            .collect();
        Storage {
            name: format!("L{level}"),
            source: "made up for this test".into(),
            capacity_words: None,
            word_bits: 8,
            block_words,
            instances_x: 1 << (4 * (LEVELS - 1 - level)),
            instances_y: 1 << (4 * (LEVELS - 1 - level)),
            read_words_per_cycle: ports,
            write_words_per_cycle: ports,
            shared_words_per_cycle: None,
            buffering: 1.0,
            multicast: picks.of(4) > 0,
            metadata: Some(MetadataStore { word_bits: 4, width_bits: 8, depth: None }),
            energy: StorageEnergy {
                read: energy(scale),
                fill: energy(scale),
                update: energy(scale),
                metadata_read: energy(scale / 4.0),
                metadata_fill: energy(scale / 4.0),
                metadata_update: energy(scale / 4.0),
                ..StorageEnergy::default()
            },
            decompresses: true,
            compresses: true,
            formats: formats
                .iter()
                .map(|(name, format)| {
                    let ranks = vec![rank(*format); 5 * (level + 1)];
                    ((*name).to_owned(), FormatSpec { ranks, inner_to_outer: true })
                })
                .collect(),
            safs,
        }
    };
    Accelerator {
        name: "random".to_owned(),
        description: String::new(),
        levels: (0..LEVELS).map(storage).collect(),
        compute: Compute {
            name: "MAC".to_owned(),
            source: "made up for this test".into(),
            instances_x: 1 << (4 * LEVELS),
            instances_y: 1 << (4 * LEVELS),
            word_bits: 8,
            energy: energy(0.5),
            leak_pj_per_cycle: 0.0,
            gates: picks.of(2) == 0,
            skips: picks.of(3) == 0,
        },
    }
}

fn run(
    accelerator: &Accelerator,
    problem: &Problem,
    mapping: &Mapping,
    rules: Rules,
) -> Evaluation {
    let mut evaluator = Evaluator::new(accelerator, problem, rules).unwrap();
    evaluator.evaluate(mapping).unwrap_or_else(|misfit| panic!("{misfit:?}"))
}

/// No part is negative, and together they are no more than there would be without zeros. Timeloop
/// rounds each part by up to one.
fn parts_fit(flow: Flow, dense: f64, slack: f64) {
    let Flow { actual, gated, skipped } = flow;
    for part in [actual, gated, skipped] {
        assert!(part.is_finite() && part >= -slack, "{flow:?} of {dense}");
    }
    assert!(actual + gated + skipped <= dense * (1.0 + 1e-9) + slack, "{flow:?} of {dense}");
}

fn consistent(found: &Evaluation, slack: f64) {
    assert!(found.score.energy_pj.is_finite() && found.score.energy_pj >= 0.0);
    assert!(found.score.cycles >= found.compute.cycles && found.compute.cycles >= 1);
    parts_fit(found.compute.flow, found.compute.operations as f64, slack);
    let mut parts = found.compute.energy_pj;
    for level in &found.levels {
        assert!(level.cycles <= found.score.cycles);
        for cost in level.tensors.iter().filter(|cost| cost.kept) {
            parts_fit(cost.words.read, cost.dense_reads as f64, slack);
            parts_fit(cost.words.fill, cost.dense_fills as f64, slack);
            parts_fit(cost.words.update, cost.dense_updates as f64, slack);
            assert!(cost.instances <= cost.mapped_instances as f64 * (1.0 + 1e-9));
            parts += cost.energy_pj;
        }
    }
    assert!(
        (parts - found.score.energy_pj).abs() <= 1e-9 * parts.max(1.0),
        "energies do not add up"
    );
}

fn no_dearer(less: &Evaluation, more: &Evaluation, what: &str) {
    let (less, more) = (less.score, more.score);
    assert!(less.energy_pj <= more.energy_pj * (1.0 + 1e-9), "{what}: {less:?}, {more:?}");
    assert!(less.cycles <= more.cycles, "{what}: {less:?}, {more:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn features_and_zeros_never_cost_more(picks in proptest::collection::vec(any::<u32>(), 160)) {
        let mut picks = Picks(picks.iter().cycle());
        let problem = problem(&mut picks);
        let mapping = mapping(&problem, &mut picks);
        let accelerator = accelerator(&mut picks);
        let found = run(&accelerator, &problem, &mapping, Rules::Exact);
        consistent(&found, 1e-6);
        consistent(&run(&accelerator, &problem, &mapping, Rules::Timeloop), 2.0);

        // The same machine that does nothing about zeros but store fewer of them.
        let mut plain = accelerator.clone();
        plain.levels.iter_mut().for_each(|level| level.safs.clear());
        (plain.compute.gates, plain.compute.skips) = (false, false);
        no_dearer(&found, &run(&plain, &problem, &mapping, Rules::Exact), "features");

        // The same machine with fewer zeros of the same kind.
        let mut fuller = problem.clone();
        for tensor in &mut fuller.tensors {
            tensor.density = match tensor.density {
                DensitySpec::Uniform(share) => DensitySpec::Uniform((1.5 * share).min(1.0)),
                DensitySpec::Structured(share) => DensitySpec::Structured((1.5 * share).min(1.0)),
                ref other => other.clone(),
            };
        }
        no_dearer(&found, &run(&accelerator, &fuller, &mapping, Rules::Exact), "zeros");
    }
}
