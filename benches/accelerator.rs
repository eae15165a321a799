//! How many mappings does one core evaluate in a second? Every evaluation is of another mapping of
//! the same problem, as a search makes them, and counts accesses, cycles and energy.
//!
//! Timeloop's engine evaluates the dense convolution 3,410 times a second on one core, a
//! fixed-structured product 850 times and a uniformly sparse convolution 24 to 54 times.

use std::{hint::black_box, path::Path};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use signloop::{
    accelerator::{
        mapping::{self, Mapping},
        model::Evaluator,
        problem::{self, Problem},
        sparse::Rules,
    },
    base::config::Document,
    machine::accelerator::{self, Accelerator},
};

fn load(name: &str) -> (Accelerator, Problem, Mapping) {
    let path = format!("tests/cases/accelerator/{name}.toml");
    let document = Document::read(Path::new(&path)).expect("a case");
    let accelerator = accelerator::parse(&document).expect("an accelerator");
    let problem = problem::parse(&document).expect("a problem");
    let names = accelerator.level_names();
    let mapping = mapping::parse(&document, &problem, &names).expect("a mapping");
    (accelerator, problem, mapping)
}

/// Other mappings of the same problem: factors moved between levels and orders turned, as a search
/// does; those that do not fit are left out.
fn variants(problem: &Problem, mapping: &Mapping, evaluator: &mut Evaluator<'_>) -> Vec<Mapping> {
    let mut list = vec![mapping.clone()];
    let levels = mapping.levels.len();
    for dimension in 0..problem.dimensions.len() as u8 {
        for from in 0..levels {
            for to in (0..levels).filter(|to| *to != from) {
                let mut moved = mapping.clone();
                let find = |mapping: &Mapping, level: usize| {
                    mapping.levels[level].temporal.iter().position(|own| own.dimension == dimension)
                };
                let (Some(at), Some(into)) = (find(&moved, from), find(&moved, to)) else {
                    continue;
                };
                let bound = moved.levels[from].temporal[at].bound;
                moved.levels[from].temporal[at].bound = 1;
                moved.levels[to].temporal[into].bound *= bound;
                for turn in 0..3 {
                    moved.levels[to].temporal.rotate_left(turn);
                    list.push(moved.clone());
                }
            }
        }
    }
    list.retain(|mapping| evaluator.score(mapping).is_ok());
    list
}

fn evaluate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("accelerator");
    for (what, name, rules) in [
        ("dense convolution", "20_dense_conv_spatial", Rules::Exact),
        ("structured product", "07_fixed_uopcp_skipDouble", Rules::Exact),
        ("uniform product", "07_uniform_uopcp_skipDouble", Rules::Exact),
        ("uniform convolution, gating", "23_sparse_conv_gating", Rules::Exact),
        ("uniform convolution, skipping", "24_sparse_conv_weightcp_skip", Rules::Exact),
        (
            "uniform convolution, skipping, as Timeloop",
            "24_sparse_conv_weightcp_skip",
            Rules::Timeloop,
        ),
    ] {
        let (accelerator, problem, mapping) = load(name);
        let mut evaluator = Evaluator::new(&accelerator, &problem, rules).expect("a pair");
        let mappings = variants(&problem, &mapping, &mut evaluator);
        group.throughput(Throughput::Elements(mappings.len() as u64));
        group.bench_function(what, |bencher| {
            bencher.iter(|| {
                for mapping in &mappings {
                    black_box(evaluator.score(black_box(mapping)).expect("it fits"));
                }
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(3));
    targets = evaluate
}
criterion_main!(benches);
