//! Does the mapper find what scoring every mapping finds?

use signloop::{
    accelerator::{
        mapper::{Outcome, Request, Space, Stop, parse_constraints, search},
        mapping::{LevelMapping, Loop, Mapping},
        model::{Evaluator, Score},
        problem::{self, Problem},
        sparse::Rules,
    },
    base::config::Document,
    machine::accelerator::{self, Accelerator},
};

const MACHINE: &str = r#"
kind = "accelerator"
name = "small"

[[storage]]
name = "Register"
source = "made up for this test"
capacity_words = 6
word_bits = 8
instances_x = 2
instances_y = 2
read_words_per_cycle = 2.0
energy = { read_pj = 0.1, write_pj = 0.12 }

[[storage]]
name = "Buffer"
source = "made up for this test"
capacity_words = 40
word_bits = 8
read_words_per_cycle = 2.0
write_words_per_cycle = 2.0
energy = { read_pj = 1.0, write_pj = 1.3 }

[[storage]]
name = "Memory"
source = "made up for this test"
word_bits = 8
shared_words_per_cycle = 1.0
energy = { read_pj = 20.0, write_pj = 22.0 }

[compute]
name = "MAC"
source = "made up for this test"
word_bits = 8
instances_x = 2
instances_y = 2
energy = { compute_pj = 0.5 }
"#;

fn machine(text: &str) -> Accelerator {
    accelerator::parse(&Document::parse("machine", text.to_owned()).unwrap()).unwrap()
}

fn matmul(m: u64, n: u64, k: u64) -> Problem {
    let text = format!(
        r#"
[problem]
name = "MatMul"
dimensions = {{ M = {m}, N = {n}, K = {k} }}

[[problem.tensor]]
name = "A"
indices = ["M", "K"]

[[problem.tensor]]
name = "B"
indices = ["N", "K"]

[[problem.tensor]]
name = "Z"
indices = ["M", "N"]
output = true
"#
    );
    problem::parse(&Document::parse("problem", text).unwrap()).unwrap()
}

fn convolution() -> Problem {
    let text = r#"
[problem]
name = "Convolution"
dimensions = { K = 2, C = 2, R = 3, P = 4 }

[[problem.tensor]]
name = "Weights"
indices = ["K", "C", "R"]

[[problem.tensor]]
name = "Inputs"
indices = ["C", "P + R"]

[[problem.tensor]]
name = "Outputs"
indices = ["K", "P"]
output = true
"#;
    problem::parse(&Document::parse("problem", text.to_owned()).unwrap()).unwrap()
}

/// Every ordered factorisation of a size over some places.
fn splits(size: u64, places: usize) -> Vec<Vec<u64>> {
    if places == 1 {
        return vec![vec![size]];
    }
    let firsts = (1..=size).filter(|first| size.is_multiple_of(*first));
    firsts
        .flat_map(|first| {
            splits(size / first, places - 1).into_iter().map(move |mut rest| {
                rest.insert(0, first);
                rest
            })
        })
        .collect()
}

fn orders(loops: &[Loop]) -> Vec<Vec<Loop>> {
    if loops.len() < 2 {
        return vec![loops.to_vec()];
    }
    (0..loops.len())
        .flat_map(|first| {
            let mut rest = loops.to_vec();
            let head = rest.remove(first);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, head);
                order
            })
        })
        .collect()
}

/// Scores of every mapping on the small machine: places are Register, Buffer x, Buffer y, Buffer,
/// Memory; all orders of all loops; every set of tensors kept by the two inner levels.
fn every_score(machine: &Accelerator, problem: &Problem) -> Vec<Score> {
    let mut evaluator = Evaluator::new(machine, problem, Rules::Exact).unwrap();
    let mut scores = Vec::new();
    let lists: Vec<Vec<Vec<u64>>> =
        problem.dimensions.iter().map(|dimension| splits(dimension.size, 5)).collect();
    let all: u8 = (1 << problem.tensors.len()) - 1;
    let mut places = vec![0; lists.len()];
    'splits: loop {
        let at = |place: usize| -> Vec<Loop> {
            let bounds = lists.iter().zip(&places).map(|(list, index)| list[*index][place]);
            bounds
                .enumerate()
                .filter(|(_, bound)| *bound > 1)
                .map(|(dimension, bound)| Loop { dimension: dimension as u8, bound })
                .collect()
        };
        for register in orders(&at(0)) {
            for buffer in orders(&at(3)) {
                for memory in orders(&at(4)) {
                    for keep in 0..=all {
                        for keep_buffer in 0..=all {
                            let mapping = Mapping {
                                levels: vec![
                                    LevelMapping {
                                        temporal: register.clone(),
                                        keep,
                                        ..LevelMapping::default()
                                    },
                                    LevelMapping {
                                        temporal: buffer.clone(),
                                        spatial_x: at(1),
                                        spatial_y: at(2),
                                        keep: keep_buffer,
                                    },
                                    LevelMapping {
                                        temporal: memory.clone(),
                                        keep: all,
                                        ..LevelMapping::default()
                                    },
                                ],
                            };
                            scores.extend(evaluator.score(&mapping));
                        }
                    }
                }
            }
        }
        for (place, list) in places.iter_mut().zip(&lists) {
            *place += 1;
            if *place < list.len() {
                continue 'splits;
            }
            *place = 0;
        }
        return scores;
    }
}

/// The scores that no other beats, least energy first.
fn front(scores: &[Score]) -> Vec<Score> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|first, second| {
        first.energy_pj.total_cmp(&second.energy_pj).then(first.cycles.cmp(&second.cycles))
    });
    let mut front: Vec<Score> = Vec::new();
    for score in sorted {
        if front.last().is_none_or(|last| score.cycles < last.cycles) {
            front.push(score);
        }
    }
    front
}

fn find(machine: &Accelerator, problem: &Problem, evaluations: u64, seed: u64) -> Outcome {
    let space = Space::new(machine, problem, &[]).unwrap();
    let evaluator = Evaluator::new(machine, problem, Rules::Exact).unwrap();
    search(&space, &evaluator, &Request { evaluations, seed, time: None }, &|_| {})
}

fn scores(outcome: &Outcome) -> Vec<Score> {
    outcome.front.solutions().iter().map(|solution| solution.score).collect()
}

fn same(found: &[Score], expected: &[Score]) {
    assert_eq!(found.len(), expected.len(), "{found:?}\n{expected:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.cycles, expected.cycles);
        assert!(
            (found.energy_pj / expected.energy_pj - 1.0).abs() < 1e-12,
            "{found:?} {expected:?}"
        );
    }
}

#[test]
fn a_complete_search_finds_the_front_of_all_mappings() {
    let machine = machine(MACHINE);
    for problem in [matmul(4, 2, 3), matmul(2, 4, 4), convolution()] {
        let all = every_score(&machine, &problem);
        let outcome = find(&machine, &problem, 10_000_000, 0);
        assert_eq!(outcome.stop, Stop::Complete);
        // Pruned by orders and by what does not fit: fewer than all, and the same front.
        assert!(outcome.fitted < all.len() as u64, "{} of {}", outcome.fitted, all.len());
        same(&scores(&outcome), &front(&all));
    }
}

#[test]
fn annealing_comes_to_the_same_front_ends() {
    let machine = machine(MACHINE);
    for problem in [matmul(4, 4, 4), matmul(8, 2, 6)] {
        let complete = find(&machine, &problem, 50_000_000, 0);
        assert_eq!(complete.stop, Stop::Complete);
        let budget = 30_000;
        assert!(complete.scored > budget, "{}", complete.scored);
        let annealed = find(&machine, &problem, budget, 1);
        assert_eq!(annealed.stop, Stop::Evaluations);
        assert!(annealed.scored <= budget);
        let (best, found) = (scores(&complete), scores(&annealed));
        assert_eq!(found.last().unwrap().cycles, best.last().unwrap().cycles);
        assert!(found[0].energy_pj <= best[0].energy_pj * 1.001, "{found:?}\n{best:?}");
    }
}

#[test]
fn the_threads_do_not_show() {
    let machine = machine(MACHINE);
    let problem = matmul(12, 8, 10);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| find(&machine, &problem, 5_000, 3))
    };
    let (one, many) = (with(1), with(5));
    assert_eq!(one.front.solutions(), many.front.solutions());
    assert_eq!((one.scored, one.fitted), (many.scored, many.fitted));
    assert_ne!(find(&machine, &problem, 5_000, 4).front.solutions(), one.front.solutions());
}

#[test]
fn more_room_and_more_lanes_never_hurt() {
    let problem = matmul(4, 4, 6);
    let best = |text: &str| {
        let machine = machine(text);
        let outcome = find(&machine, &problem, 50_000_000, 0);
        assert_eq!(outcome.stop, Stop::Complete);
        let found = scores(&outcome);
        (found[0].energy_pj, found.last().unwrap().cycles)
    };
    let base = best(MACHINE);
    let roomy = best(&MACHINE.replace("capacity_words = 40", "capacity_words = 80"));
    assert!(roomy.0 <= base.0 && roomy.1 <= base.1);
    let cramped = best(&MACHINE.replace("capacity_words = 40", "capacity_words = 20"));
    assert!(cramped.0 >= base.0 && cramped.1 >= base.1);
    let wide = best(&MACHINE.replace("instances_x = 2", "instances_x = 4"));
    assert!(wide.1 <= base.1);
}

#[test]
fn constraints_hold() {
    let machine = machine(MACHINE);
    let problem = matmul(4, 4, 6);
    let text = r#"
[[constraint]]
level = "Buffer"
spatial_x = ["N"]
factors_y = { K = 2 }
temporal = ["K", "M"]
order = ["M"]
bypass = ["A"]

[[constraint]]
level = "Register"
keep = ["Z"]
bypass = ["A", "B"]
"#;
    let document = Document::parse("constraints", text.to_owned()).unwrap();
    let constraints = parse_constraints(&document).unwrap();
    let space = Space::new(&machine, &problem, &constraints).unwrap();
    let evaluator = Evaluator::new(&machine, &problem, Rules::Exact).unwrap();
    for evaluations in [10_000_000, 500] {
        let request = Request { evaluations, seed: 0, time: None };
        let outcome = search(&space, &evaluator, &request, &|_| {});
        assert!(!outcome.front.solutions().is_empty());
        for solution in outcome.front.solutions() {
            let [register, buffer, _] = solution.mapping.levels.as_slice() else { panic!() };
            assert_eq!((register.keep, buffer.keep & 1), (0b100, 0));
            assert!(buffer.spatial_x.iter().all(|own| own.dimension == 1));
            assert_eq!(buffer.spatial_y, [Loop { dimension: 2, bound: 2 }]);
            assert!(buffer.temporal.iter().all(|own| own.dimension != 1));
            let m = buffer.temporal.iter().position(|own| own.dimension == 0);
            assert!(m.is_none_or(|place| place == 0));
        }
    }
    let wrong = text.replace("\"Register\"", "\"Registers\"");
    let document = Document::parse("constraints", wrong).unwrap();
    let constraints = parse_constraints(&document).unwrap();
    assert!(Space::new(&machine, &problem, &constraints).is_err());
}
