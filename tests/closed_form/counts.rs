use std::path::Path;

use signloop::{
    method::{PlanOptions, PlanRequest, find},
    network::{
        quant::{QuantizedTensor, Scheme},
        workload::{LayerShape, WeightStore, Workload, parse, shipped},
    },
};

fn workloads() -> Vec<Workload> {
    shipped()
        .iter()
        .map(|(name, text)| parse(name, text, Path::new("workloads")).unwrap())
        .collect()
}

fn adds(method: &str, shape: &LayerShape, weights: &QuantizedTensor) -> u64 {
    let options = PlanOptions::default();
    let request = PlanRequest::of_shape(shape, weights, &options);
    find(method).unwrap().plan(&request).unwrap().counts.adds
}

/// Every filter of N weights takes N − 1 adds under `dense`, and (effectual − 1) under
/// `zero-skip`, where a filter of zeros takes none.
#[test]
fn dense_and_zero_skip_on_every_shipped_layer() {
    let mut checked = 0;
    for workload in workloads() {
        for scheme in workload.weights.schemes() {
            let store = WeightStore::open(&workload.weights, scheme, 1).unwrap();
            for layer in workload.quantized_layers() {
                let weights = store.layer(layer).unwrap();
                let shape = &layer.shape;
                let dense = shape.out_channels * (shape.filter_len() - 1);
                assert_eq!(adds("dense", shape, &weights), dense, "{}", layer.name);
                let skipped: u64 = (0..weights.shape().filters)
                    .map(|k| weights.filter(k).iter().filter(|code| **code != 0).count() as u64)
                    .map(|effectual| effectual.saturating_sub(1))
                    .sum();
                assert_eq!(adds("zero-skip", shape, &weights), skipped, "{}", layer.name);
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "only {checked} layers were checked");
}

/// Two equal filters of two channels of 3×3 kernels without zeros: each channel's kernel is summed
/// once (2·8 adds) and each filter adds its two partial sums (2·1): 18 instead of 2·17 = 34.
#[test]
fn equal_kernels_are_convolved_once() {
    let shape = LayerShape {
        kernel_height: 3,
        kernel_width: 3,
        in_height: 8,
        in_width: 8,
        padding: 1,
        ..LayerShape::linear(1, 2, 2).unwrap()
    };
    let shape = shape.checked().unwrap();
    let codes: Vec<i8> = [1, -1, 1, 1, 1, -1, -1, 1, -1].repeat(4);
    let weights =
        QuantizedTensor::new(Scheme::Binary, shape.weight_shape(), codes, vec![1.0; 2]).unwrap();
    assert_eq!(adds("filter-repetition", &shape, &weights), 18);
    assert_eq!(adds("zero-skip", &shape, &weights), 34);
}

/// 100 weights are 2 words. Binary, 3 filters, 8 bit planes: 3·8·2 = 48 masked popcounts and 8·2 for
/// |x|; summed into 3 + 1 values that is 64 − 4 adds, and each filter subtracts |x|: 63.
#[test]
fn bit_packed_words() {
    let shape = LayerShape::linear(1, 100, 3).unwrap();
    let codes = (0..300).map(|index| if index % 3 == 0 { -1 } else { 1 }).collect();
    let weights =
        QuantizedTensor::new(Scheme::Binary, shape.weight_shape(), codes, vec![1.0; 3]).unwrap();
    assert_eq!(adds("bit-packed", &shape, &weights), 63);
}
