//! How long one `simulate` of ResNet-18 takes: three schemes, all methods, on one machine.

use std::{hint::black_box, path::Path};

use criterion::{Criterion, criterion_group, criterion_main};
use signloop::{
    arch,
    method::{PlanOptions, registry},
    report::{Request, simulate},
    workload,
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
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| simulate(black_box(&request)).unwrap());
        });
    };
    for method in registry() {
        run(method.name(), &[*method]);
    }
    run("all methods", registry());
    group.finish();
}

criterion_group!(benches, resnet18);
criterion_main!(benches);
