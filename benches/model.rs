//! How long does the processor model take for one layer, and for a whole ResNet-18?

use std::{hint::black_box, path::Path};

use criterion::{Criterion, criterion_group, criterion_main};
use signloop::{
    cpu::{LayerWork, evaluate},
    machine as arch,
    method::{Execution, OpCounts, WeightStorage},
    network::workload::{LayerShape, OperandBits},
};

/// Channels, filters, size, kernel, stride and how often the layer occurs in ResNet-18.
const RESNET18: &[(u64, u64, u64, u64, u64, usize)] = &[
    (64, 64, 56, 3, 1, 4),
    (64, 128, 56, 3, 2, 1),
    (64, 128, 56, 1, 2, 1),
    (128, 128, 28, 3, 1, 3),
    (128, 256, 28, 3, 2, 1),
    (128, 256, 28, 1, 2, 1),
    (256, 256, 14, 3, 1, 3),
    (256, 512, 14, 3, 2, 1),
    (256, 512, 14, 1, 2, 1),
    (512, 512, 7, 3, 1, 3),
];

struct Layer {
    shape: LayerShape,
    execution: Execution,
    counts: OpCounts,
    storage: WeightStorage,
}

fn layer(spec: (u64, u64, u64, u64, u64, usize), execution: Execution) -> Layer {
    let (channels, filters, size, kernel, stride, _) = spec;
    let shape = LayerShape {
        stride,
        ..LayerShape::convolution(channels, filters, size, kernel).expect("a ResNet-18 layer")
    }
    .checked()
    .expect("a ResNet-18 layer");
    let weights = filters * shape.filter_len();
    let counts = OpCounts {
        adds: weights / 3,
        scale_muls: filters,
        logic_ops: weights.div_ceil(64),
        popcounts: weights.div_ceil(64),
        loads: weights / 3,
        stores: filters + 100,
        peak_live: 40,
        ..OpCounts::default()
    };
    let storage = WeightStorage {
        weight_bits: weights,
        scale_bits: 32 * filters,
        metadata_bits: if execution == Execution::Program { 4 * weights } else { 0 },
    };
    Layer { shape, execution, counts, storage }
}

fn cost(arch: &arch::CpuArch, layer: &Layer) -> f64 {
    let bits = OperandBits { activation: 8, weight: 1, accumulator: 32, output: 8 };
    let work = LayerWork {
        shape: &layer.shape,
        bits,
        execution: layer.execution,
        counts: &layer.counts,
        storage: &layer.storage,
        slots: None,
    };
    evaluate(arch, &work).expect("a count that fits").time_us.0
}

fn model(criterion: &mut Criterion) {
    let executions = [Execution::Gemm, Execution::BitSerial, Execution::Program];
    for name in ["xeon-gold-6226", "raspberry-pi-4"] {
        let arch = arch::load(Path::new(name)).expect("a shipped description");
        for execution in executions {
            let layer = layer(RESNET18[6], execution);
            criterion.bench_function(&format!("{name}, 256x256 14, {execution:?}"), |bencher| {
                bencher.iter(|| cost(black_box(&arch), &layer));
            });
        }
        let layers: Vec<Layer> = RESNET18
            .iter()
            .flat_map(|spec| std::iter::repeat_n(*spec, spec.5))
            .flat_map(|spec| executions.map(|execution| layer(spec, execution)))
            .collect();
        criterion.bench_function(&format!("{name}, ResNet-18, 3 executions"), |bencher| {
            bencher.iter(|| layers.iter().map(|layer| cost(&arch, layer)).sum::<f64>());
        });
    }
}

criterion_group!(benches, model);
criterion_main!(benches);
