//! How much of the time of a search is the model? One thread; the very mappings that the search
//! scores are scored again without it.

use std::{
    hint::black_box,
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use signloop::{
    accelerator::{
        mapper::{Judge, Request, Space, parse_constraints, search},
        mapping::Mapping,
        model::{Evaluator, Score},
        problem::{DensitySpec, Problem},
        sparse::Rules,
    },
    machine::accelerator::{self, Accelerator},
    network::workload::LayerShape,
};

/// Scores like the evaluator and keeps what it was asked.
#[derive(Clone)]
struct Recorder<'a>(Evaluator<'a>, Arc<Mutex<Vec<Mapping>>>);

impl Judge for Recorder<'_> {
    fn score(&mut self, mapping: &Mapping) -> Option<Score> {
        self.1.lock().expect("one thread").push(mapping.clone());
        self.0.score(mapping).ok()
    }
}

fn layer() -> LayerShape {
    LayerShape::convolution(64, 64, 56, 3).expect("a ResNet-18 layer")
}

/// Seconds of the best of five runs.
fn best(mut run: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        run();
        least = least.min(start.elapsed().as_secs_f64());
    }
    least
}

fn compare(name: &str, machine: &Accelerator, problem: &Problem, free: bool, evaluations: u64) {
    let document = accelerator::document(Path::new(name)).expect("a shipped accelerator");
    let constraints = parse_constraints(&document).expect("its constraints");
    let constraints = if free { Vec::new() } else { constraints };
    let space = Space::new(machine, problem, &constraints).expect("a space");
    let evaluator = Evaluator::new(machine, problem, Rules::Exact).expect("an evaluator");
    let request = Request { evaluations, seed: 1, time: None };
    let asked = Arc::new(Mutex::new(Vec::new()));
    search(&space, &Recorder(evaluator.clone(), Arc::clone(&asked)), &request, &|_| {});
    let mappings = asked.lock().expect("one thread");
    let alone = best(|| {
        let mut evaluator = evaluator.clone();
        for mapping in mappings.iter() {
            let _ = black_box(evaluator.score(black_box(mapping)));
        }
    });
    let whole = best(|| {
        black_box(search(&space, &evaluator, &request, &|_| {}));
    });
    let count = mappings.len() as f64;
    println!(
        "{name}, weights {:?}, constraints {}: {count} mappings; model {:.0}/s, search {:.0}/s, ratio {:.3}",
        problem.tensors[0].density,
        if free { "none" } else { "its own" },
        count / alone,
        count / whole,
        alone / whole,
    );
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    pool.install(|| {
        for (name, weights) in [
            ("eyeriss", DensitySpec::Dense),
            ("eyeriss", DensitySpec::Uniform(0.35)),
            ("dstc", DensitySpec::Uniform(0.35)),
        ] {
            let document = accelerator::document(Path::new(name)).expect("a shipped accelerator");
            let mut machine = accelerator::parse(&document).expect("it reads");
            let problem = Problem::of_layer(&layer(), weights.clone(), DensitySpec::Dense);
            compare(name, &machine, &problem, false, 50_000);
            if weights == DensitySpec::Dense {
                // Without sparse features: the dense model alone.
                for level in &mut machine.levels {
                    level.formats.clear();
                    level.safs.clear();
                }
                (machine.compute.gates, machine.compute.skips) = (false, false);
                compare(name, &machine, &problem, false, 200_000);
                compare(name, &machine, &problem, true, 200_000);
            }
        }
    });
}
