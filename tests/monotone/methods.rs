use proptest::prelude::*;
use signloop::{
    method::{PlanOptions, PlanRequest, find},
    network::{
        quant::{QuantizedTensor, Randomness, Scheme, WeightShape, synthesise},
        workload::LayerShape,
    },
};

fn adds(method: &str, weights: &QuantizedTensor) -> u64 {
    let WeightShape { filters, channels, .. } = weights.shape();
    let shape = LayerShape::linear(1, channels as u64, filters as u64).unwrap();
    let options = PlanOptions::default();
    let request = PlanRequest::of_shape(&shape, weights, &options);
    find(method).unwrap().plan(&request).unwrap().counts.adds
}

fn weights(scheme: Scheme, filters: usize, columns: usize, seed: u64) -> QuantizedTensor {
    let shape = WeightShape { filters, channels: columns, kernel_height: 1, kernel_width: 1 };
    let randomness = Randomness { density: 0.8, spread: 0.0, seed };
    synthesise(scheme, shape, randomness).unwrap()
}

/// The weights with about one effectual weight in `keep` of 8 left: supports are nested.
fn thinned(weights: &QuantizedTensor, keep: u64) -> QuantizedTensor {
    let kept = |index: usize| (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61 < keep;
    let codes = weights.codes().iter().enumerate();
    let codes = codes.map(|(index, code)| if kept(index) { *code } else { 0 }).collect();
    let scales = weights.scales().to_vec();
    QuantizedTensor::new(weights.scheme(), weights.shape(), codes, scales).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Fewer effectual weights never take more adds without sharing.
    #[test]
    fn zero_skip_falls_with_density(filters in 1_usize..20, columns in 1_usize..60, seed: u64) {
        for scheme in [Scheme::Ternary, Scheme::SignedBinary, Scheme::ZeroOne] {
            let full = weights(scheme, filters, columns, seed);
            let counts: Vec<u64> = (0..=8).map(|keep| adds("zero-skip", &thinned(&full, keep))).collect();
            prop_assert!(counts.is_sorted(), "{scheme}: {counts:?}");
        }
    }

    /// Each step of sharing saves an add or more, so no method that shares takes more than one that
    /// does not; and leaving zeros out never costs.
    #[test]
    fn sharing_never_costs(filters in 1_usize..20, columns in 1_usize..60, seed: u64) {
        for scheme in Scheme::ALL {
            let weights = weights(scheme, filters, columns, seed);
            let unshared = adds("zero-skip", &weights);
            for method in ["ucnn", "sum-merge", "q-gym", "subset-table"] {
                prop_assert!(adds(method, &weights) <= unshared, "{method} {scheme}");
            }
            let with_zeros = adds("sum-merge-dense", &weights);
            prop_assert!(with_zeros <= adds("dense", &weights));
            prop_assert!(with_zeros >= adds("sum-merge", &weights));
        }
    }
}

/// On nested supports of one layer the greedy merge falls with density too. It is no theorem (a
/// greedy choice may be unlucky), so the steps are a quarter of the weights each.
#[test]
fn sum_merge_falls_with_density() {
    for (scheme, seed) in [(Scheme::SignedBinary, 1), (Scheme::Ternary, 2), (Scheme::ZeroOne, 3)] {
        let full = weights(scheme, 64, 288, seed);
        for method in ["sum-merge", "ucnn", "subset-table"] {
            let counts: Vec<u64> =
                [0, 2, 4, 6, 8].map(|keep| adds(method, &thinned(&full, keep))).to_vec();
            assert!(counts.is_sorted(), "{method} {scheme}: {counts:?}");
            assert_eq!(counts[0], 0);
        }
    }
}
