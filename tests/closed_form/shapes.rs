use std::path::Path;

use signloop::{
    cpu::{LayerWork, evaluate},
    machine,
    method::{Execution, OpCounts, WeightStorage},
    network::workload::{LayerShape, OperandBits, Workload, parse, shipped},
};

fn workload(name: &str) -> Workload {
    let (_, text) = shipped().iter().find(|(own, _)| *own == name).unwrap();
    parse(name, text, Path::new("workloads")).unwrap()
}

/// Weights of the 3×3 convolutions inside the blocks. ResNet-18: 4·(9·64²) + 9·64·128 + 3·(9·128²)
/// + 9·128·256 + 3·(9·256²) + 9·256·512 + 3·(9·512²) = 10,985,472; the others alike.
#[test]
fn quantised_weights_of_the_residual_networks() {
    for (name, weights) in [
        ("resnet18-imagenet", 10_985_472),
        ("resnet34-imagenet", 21_086_208),
        ("resnet20-cifar10", 267_264),
        ("resnet32-cifar10", 460_800),
    ] {
        let sum: usize =
            workload(name).quantized_layers().map(|layer| layer.shape.weight_shape().len()).sum();
        assert_eq!(sum, weights, "{name}");
    }
}

/// Multiply-accumulates of ResNet-18 at 224×224, all convolutions and the classifier:
/// 118,013,952 (stem) + 16·115,605,504 − 3·57,802,752 (the strided convolutions read half the
/// channels) + 3·6,422,528 (1×1 shortcuts) + 512,000 = 1,814,073,344.
#[test]
fn macs_of_resnet18() {
    let macs: u64 = workload("resnet18-imagenet")
        .layers()
        .map(|layer| layer.shape.dense_macs() * layer.shape.positions())
        .sum();
    assert_eq!(macs, 1_814_073_344);
}

/// The same products, as a linear layer of 256 images and as a 1x1 convolution of a 16x16 map, take
/// the same dense cycles: 256 · 2560 · 640 = 419,430,400 multiply-adds of binary weights are as many
/// adds, 16 to a vector of 512 bits, two vectors a cycle: 13,107,200.
#[test]
fn a_batch_of_images_costs_what_as_many_pixels_cost() {
    let arch = machine::load(Path::new("xeon-gold-6226")).unwrap();
    let bits = OperandBits { activation: 32, weight: 1, accumulator: 32, output: 32 };
    let linear = LayerShape::linear(256, 2560, 640).unwrap();
    let convolution = LayerShape::convolution(2560, 640, 16, 1).unwrap();
    for shape in [linear, convolution] {
        let counts =
            OpCounts { adds: 640 * 2560, loads: 640 * 2560, stores: 640, ..OpCounts::default() };
        let storage = WeightStorage { weight_bits: 640 * 2560, ..WeightStorage::default() };
        let work = LayerWork {
            shape: &shape,
            bits,
            execution: Execution::Gemm,
            counts: &counts,
            storage: &storage,
            slots: None,
        };
        let cycles = evaluate(&arch, &work).unwrap().cycles;
        assert_eq!((cycles.total.0, cycles.bound_by), (13_107_200.0, "arithmetic"));
    }
}
