//! The methods that share sums on random layers: adds per output position, and the time to plan.
//!
//!     cargo bench --bench repetition                  # [3,3,64,64] and [3,3,128,128], a minute
//!     SIGNLOOP_BENCH_LARGE=1 cargo bench --bench repetition   # also 256 and 512 filters
//!
//! Weights are i.i.d., density .35 (signed-binary) and .5 (ternary), from seed 1; the map is
//! 56 × 56. The counts do not depend on the machine. `--effort` is 0 but where it is named.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use signloop::{
    method::{PlanOptions, PlanRequest, find},
    network::{
        quant::{QuantizedTensor, Randomness, Scheme, synthesise},
        workload::LayerShape,
    },
};

const SCHEMES: [(Scheme, f64); 3] =
    [(Scheme::Binary, 1.0), (Scheme::SignedBinary, 0.35), (Scheme::Ternary, 0.5)];
const METHODS: [&str; 3] = ["sum-merge", "shared-sum", "shift-shared"];
/// Iterations of search of the searched entries: a tenth of a second on two cores.
const SEARCHED: u64 = 10_000_000;

struct Case {
    shape: LayerShape,
    weights: QuantizedTensor,
    method: &'static str,
    options: PlanOptions,
}

impl Case {
    fn new(filters: u64, (scheme, density): (Scheme, f64), method: &'static str) -> Self {
        let shape = LayerShape::convolution(filters, filters, 56, 3).unwrap();
        let randomness = Randomness { density, spread: 0.0, seed: 1 };
        let weights = synthesise(scheme, shape.weight_shape(), randomness).unwrap();
        Self { shape, weights, method, options: PlanOptions::default() }
    }

    /// Adds per output position, on an unbounded map and on this one.
    fn adds(&self) -> (u64, f64) {
        let request = PlanRequest::of_shape(&self.shape, &self.weights, &self.options);
        let counts = find(self.method).unwrap().plan(&request).unwrap().counts;
        let positions = self.shape.positions();
        (counts.adds, counts.adds_total(positions).unwrap() as f64 / positions as f64)
    }
}

fn repetition(criterion: &mut Criterion) {
    let large = std::env::var_os("SIGNLOOP_BENCH_LARGE").is_some();
    let sizes: &[u64] = if large { &[64, 128, 256, 512] } else { &[64, 128] };
    for filters in sizes {
        let mut group = criterion.benchmark_group(format!("[3,3,{filters},{filters}]"));
        group.sample_size(10).warm_up_time(Duration::from_millis(200));
        group.measurement_time(Duration::from_secs(1));
        for scheme in SCHEMES {
            for method in METHODS {
                let plain = Case::new(*filters, scheme, method);
                let name = format!("{method}, {} d={}", scheme.0, scheme.1);
                time(&mut group, &name, &plain);
                if *filters == 64 && method != "sum-merge" {
                    let options = PlanOptions { search_iterations: SEARCHED, ..plain.options };
                    let searched = Case { options, ..plain };
                    time(&mut group, &format!("{name}, effort 0.1"), &searched);
                }
            }
        }
        group.finish();
    }
}

fn time(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    case: &Case,
) {
    let (adds, with_halo) = case.adds();
    println!("{name}: {adds} adds per output position, {with_halo:.1} with the halo of 56 x 56");
    group.bench_function(name, |bencher| bencher.iter(|| black_box(case).adds()));
}

criterion_group!(benches, repetition);
criterion_main!(benches);
