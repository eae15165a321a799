use std::num::NonZeroU32;

use signloop::{
    method::{PlanOptions, PlanRequest, find},
    network::{
        quant::{QuantizedTensor, Scheme},
        workload::LayerShape,
    },
};

/// Adds of one method on a linear layer with the given filters.
fn adds(method: &str, scheme: Scheme, filters: &[Vec<i8>], options: &PlanOptions) -> u64 {
    let shape = LayerShape::linear(1, filters[0].len() as u64, filters.len() as u64).unwrap();
    let scales = vec![1.0; filters.len()];
    let weights =
        QuantizedTensor::new(scheme, shape.weight_shape(), filters.concat(), scales).unwrap();
    let request = PlanRequest::of_shape(&shape, &weights, options);
    find(method).unwrap().plan(&request).unwrap().counts.adds
}

fn default(method: &str, scheme: Scheme, filters: &[Vec<i8>]) -> u64 {
    adds(method, scheme, filters, &PlanOptions::default())
}

/// Figure 9 in the review thread of arXiv:2312.01581, inputs a..f. {x,0,x,0,x,0} and
/// {y,y,y,0,0,0} share a + c: one
/// add for it, one for e and one for b, 3 in all. Without sharing 2 each, 4 in all.
#[test]
fn figure_9_takes_three_adds_shared_and_four_not() {
    let signed = [vec![1, 0, 1, 0, 1, 0], vec![-1, -1, -1, 0, 0, 0]];
    let plain = [vec![1, 0, 1, 0, 1, 0], vec![1, 1, 1, 0, 0, 0]];
    for method in ["sum-merge", "shared-sum", "ucnn", "q-gym"] {
        assert_eq!(default(method, Scheme::SignedBinary, &signed), 3, "{method}");
        assert_eq!(default(method, Scheme::ZeroOne, &plain), 3, "{method}");
    }
    assert_eq!(default("zero-skip", Scheme::SignedBinary, &signed), 4);
}

/// Without sparsity support the inputs of zero weights are summed too: filter 1 leaves b, d, f and
/// filter 2 d, e, f, which share d + f. 3 adds for the effectual sums, 3 for the others (d + f, b,
/// e), and one a filter to add 0 times them: 8.
#[test]
fn figure_9_takes_eight_adds_without_sparsity_support() {
    let filters = [vec![1, 0, 1, 0, 1, 0], vec![-1, -1, -1, 0, 0, 0]];
    assert_eq!(default("sum-merge-dense", Scheme::SignedBinary, &filters), 8);
}

/// The binary completion of the example: {x,y,x,y,x,y} and {x,x,x,y,y,y}. a + c and d + f are
/// shared (2 adds); x adds e, or b, to the first, y adds b, or e, to the second (4), and each
/// filter joins its two sums (2): 8, against 2·5 = 10 unshared.
#[test]
fn the_binary_completion_takes_eight_adds() {
    let filters = [vec![1, -1, 1, -1, 1, -1], vec![1, 1, 1, -1, -1, -1]];
    assert_eq!(default("sum-merge", Scheme::Binary, &filters), 8);
    assert_eq!(default("zero-skip", Scheme::Binary, &filters), 10);
}

/// `ucnn`, G binary filters over every pattern m times: 2^G leaves take m − 1 adds each, the 2^l
/// nodes of level l < G one each, and filter l reads 2^l nodes. G = 3, m = 2: 8 + (4 + 2) +
/// (7 + 3 + 1) = 25. The general formula is checked for G up to 5.
#[test]
fn ucnn_on_all_patterns() {
    for filters in 1_u32..=5 {
        for repeats in [1, 2, 3] {
            let columns: Vec<u32> = (0..1 << filters).flat_map(|p| vec![p; repeats]).collect();
            let codes: Vec<Vec<i8>> = (0..filters)
                .map(|f| columns.iter().map(|p| if p >> f & 1 == 1 { 1 } else { -1 }).collect())
                .collect();
            let leaves = (1_u64 << filters) * (repeats as u64 - 1);
            let nodes: u64 = (1..filters).map(|level| 1 << level).sum();
            let reads: u64 = (1..=filters).map(|level| (1 << level) - 1).sum();
            let options =
                PlanOptions { filter_group: NonZeroU32::new(filters), ..PlanOptions::default() };
            let counted = adds("ucnn", Scheme::Binary, &codes, &options);
            assert_eq!(counted, leaves + nodes + reads, "{filters} filters, {repeats} times");
        }
    }
}

/// All 2^t − 1 subsets of t inputs: every sum of two or more inputs is one add from a smaller one,
/// and two different sums never come out of one add, so 2^t − 1 − t is also the least.
#[test]
fn all_subsets_take_one_add_each() {
    for inputs in 2_u32..=5 {
        let filters: Vec<Vec<i8>> = (1_u32..1 << inputs)
            .map(|subset| (0..inputs).map(|i| (subset >> i & 1) as i8).collect())
            .collect();
        let least = (1 << inputs) - 1 - u64::from(inputs);
        for method in ["subset-table", "q-gym"] {
            assert_eq!(default(method, Scheme::ZeroOne, &filters), least, "{method} {inputs}");
        }
    }
}

/// All 8 sign patterns of 4 inputs up to sign: two halves of two patterns each (a ± b, c ± d), and
/// one add a filter: 4 + 8, with columns in halves.
#[test]
fn all_sign_patterns_of_four_inputs() {
    let filters: Vec<Vec<i8>> = (0..8)
        .map(|signs| {
            (0..4).map(|i| if i > 0 && signs >> (i - 1) & 1 == 1 { -1 } else { 1 }).collect()
        })
        .collect();
    for method in ["subset-table", "q-gym"] {
        assert_eq!(default(method, Scheme::Binary, &filters), 12, "{method}");
    }
}

/// Equal filters share everything: the sums of one filter, N − 1 adds for {0, 1} weights without
/// zeros. A column tile of T cannot share the joining of the ⌈N / T⌉ tiles: (N − N/T) + K(N/T − 1).
#[test]
fn equal_filters_and_column_tiles() {
    let filters = vec![vec![1; 12]; 5];
    assert_eq!(default("sum-merge", Scheme::ZeroOne, &filters), 11);
    let options = PlanOptions { column_tile: NonZeroU32::new(4), ..PlanOptions::default() };
    assert_eq!(adds("sum-merge", Scheme::ZeroOne, &filters, &options), 9 + 5 * 2);
}
