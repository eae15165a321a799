//! Do all 158 designs that were run through Timeloop give its numbers? Counts are held to the word,
//! cycles to the cycle, energies to a part in 100,000.

use std::collections::BTreeMap;

use signloop::{
    accelerator::{
        mapping::{self, Mapping},
        model::{Evaluation, Flow, RankWords, Words, evaluate},
        problem::{self, Problem},
        sparse::Rules,
    },
    base::config::Document,
    machine::accelerator::{self, Accelerator},
};

const FOLDER: &str = "tests/cases/accelerator";

fn load(name: &str) -> (Accelerator, Problem, Mapping) {
    let document = Document::read(format!("{FOLDER}/{name}.toml").as_ref()).unwrap();
    let accelerator = accelerator::parse(&document).unwrap();
    let problem = problem::parse(&document).unwrap();
    let mapping = mapping::parse(&document, &problem, &accelerator.level_names()).unwrap();
    (accelerator, problem, mapping)
}

/// Rows of one case, split at commas.
type Rows = Vec<Vec<String>>;

fn expected() -> BTreeMap<String, Rows> {
    let text = std::fs::read_to_string(format!("{FOLDER}/expected.csv")).unwrap();
    let mut cases: BTreeMap<String, Rows> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let row: Vec<String> = line.split(',').map(str::to_owned).collect();
        cases.entry(row[0].clone()).or_default().push(row);
    }
    cases
}

fn numbers(cell: &str) -> Vec<f64> {
    cell.split(' ').map(|number| number.parse().unwrap()).collect()
}

/// `4:0 0:5/3:0` as actual, gated and skipped pairs of every rank.
fn ranks(cell: &str) -> [Vec<(f64, f64)>; 3] {
    let mut parts = cell.split('/').map(|part| {
        part.split(' ')
            .filter(|rank| !rank.is_empty())
            .map(|rank| {
                let (metadata, payload) = rank.split_once(':').unwrap();
                (metadata.parse().unwrap(), payload.parse().unwrap())
            })
            .collect()
    });
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

fn states(flow: Flow) -> [f64; 3] {
    [flow.actual, flow.gated, flow.skipped]
}

/// Words of one kind of access: reads, fills or updates.
type Kind = (&'static str, fn(&Words) -> Flow);

const KINDS: [Kind; 3] = [
    ("reads", |words| words.read),
    ("fills", |words| words.fill),
    ("updates", |words| words.update),
];

/// What differs in one case.
fn differences(name: &str, rows: &Rows) -> Vec<String> {
    let (accelerator, problem, mapping) = load(name);
    let found = evaluate(&accelerator, &problem, &mapping, Rules::Timeloop).unwrap();
    let mut faults = Vec::new();
    let mut same = |what: String, found: f64, wanted: f64, within: f64| {
        if (found - wanted).abs() > within {
            faults.push(format!("{name} {what}: {found}, not {wanted}"));
        }
    };
    for row in rows {
        if row[1].is_empty() {
            let wanted: Vec<f64> = row[3..].iter().map(|cell| cell.parse().unwrap()).collect();
            same("cycles".into(), found.score.cycles as f64, wanted[0], 0.0);
            same("energy".into(), found.score.energy_pj, wanted[1], 1e-5 * wanted[1]);
            same("operations".into(), found.compute.operations as f64, wanted[2], 0.0);
            for (state, wanted) in states(found.compute.flow).iter().zip(&wanted[3..]) {
                same("computes".into(), *state, *wanted, 0.0);
            }
            continue;
        }
        let cost = cost(&accelerator, &problem, &found, row);
        let dense = [cost.dense_reads, cost.dense_fills, cost.dense_updates];
        for (index, (kind, part)) in KINDS.iter().enumerate() {
            let place = format!("{} {} {kind}", row[1], row[2]);
            let wanted = numbers(&row[3 + index]);
            same(format!("dense {place}"), dense[index] as f64, wanted[0], 0.0);
            for (state, wanted) in states(part(&cost.words)).iter().zip(&wanted[1..]) {
                same(place.clone(), *state, *wanted, 0.0);
            }
            for (state, wanted) in ranks(&row[6 + index]).iter().enumerate() {
                for (rank, (metadata, payload)) in wanted.iter().enumerate() {
                    let RankWords { metadata: own, payload: own_payload } = &cost.ranks[rank];
                    let place = format!("{place} rank {rank}");
                    same(place.clone(), states(part(own))[state], *metadata, 0.0);
                    same(place, states(part(own_payload))[state], *payload, 0.0);
                }
            }
        }
    }
    faults
}

fn cost<'e>(
    accelerator: &Accelerator,
    problem: &Problem,
    found: &'e Evaluation,
    row: &[String],
) -> &'e signloop::accelerator::model::TensorCost {
    let level = accelerator.levels.iter().position(|level| level.name == row[1]).unwrap();
    &found.levels[level].tensors[problem.tensor(&row[2]).unwrap()]
}

#[test]
fn every_design_gives_timeloops_numbers() {
    let cases = expected();
    assert_eq!(cases.len(), 158, "cases are missing");
    let faults: Vec<String> =
        cases.iter().flat_map(|(name, rows)| differences(name, rows)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The correct model rounds nothing, so that it may differ by what rounding and the listed quirks
/// make of it, but a dense design without neighbour links must agree in every count of data that
/// is no output: outputs are drained, which Timeloop leaves out.
#[test]
fn dense_designs_agree_with_the_correct_model() {
    for name in ["01_dense_matmul", "02_dense_matmul_bw"] {
        let (accelerator, problem, mapping) = load(name);
        let [exact, timeloop] = [Rules::Exact, Rules::Timeloop]
            .map(|rules| evaluate(&accelerator, &problem, &mapping, rules).unwrap());
        assert_eq!(exact.compute.flow, timeloop.compute.flow);
        for (exact, timeloop) in exact.levels.iter().zip(&timeloop.levels) {
            for tensor in 0..2 {
                assert_eq!(exact.tensors[tensor], timeloop.tensors[tensor], "{name}");
            }
        }
    }
}

/// 2:4 structured sparsity does twice the products in the same time on the same lanes: exactly 2.
#[test]
fn two_of_four_is_twice_as_fast() {
    for rules in [Rules::Exact, Rules::Timeloop] {
        let run = |name: &str| {
            let (accelerator, problem, mapping) = load(name);
            let found = evaluate(&accelerator, &problem, &mapping, rules).unwrap();
            (found.compute.operations, found.score.cycles)
        };
        let ((dense, dense_cycles), (sparse, sparse_cycles)) =
            (run("30_stc_dense"), run("30_stc_2_4"));
        assert_eq!((sparse, sparse_cycles), (2 * dense, dense_cycles), "{rules:?}");
    }
}
