//! How long one `simulate` of ResNet-18 takes: three schemes, all methods, on one machine.

use std::{hint::black_box, path::Path};

use criterion::{Criterion, criterion_group, criterion_main};
use signloop::{
    machine as arch,
    method::{PlanOptions, find, registry},
    network::workload,
    study::{Request, simulate},
};

fn resnet18(criterion: &mut Criterion) {
    let arch = arch::load(Path::new("arch/xeon-gold-6226.toml")).unwrap();
    let workload = workload::load(Path::new("workloads/resnet18-imagenet.toml")).unwrap();
    let schemes = workload.weights.default_schemes();
    let options = PlanOptions::default();
    let mut group = criterion.benchmark_group("simulate resnet18");
    group.sample_size(10);
    let mut run = |name: &str, methods: &[&'static dyn signloop::method::Method]| {
        let request = Request {
            arch: &arch,
            workload: &workload,
            weights: &workload.weights,
            schemes: &schemes,
            methods,
            options: &options,
            cache: None,
            on_result: None,
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| simulate(black_box(&request)).unwrap());
        });
    };
    for method in registry() {
        run(method.name(), &[*method]);
    }
    // The methods that count without searching: the bar is 0.3 s for a whole `simulate`.
    let exact = ["dense", "bit-packed", "zero-skip", "filter-repetition"];
    let exact: Vec<&'static dyn signloop::method::Method> =
        exact.iter().map(|name| find(name).unwrap()).collect();
    run("the methods that do not search", &exact);
    run("all methods", registry());
    group.finish();
}

criterion_group!(benches, resnet18);
criterion_main!(benches);
