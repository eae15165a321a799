use proptest::prelude::*;
use signloop::{
    method::{PlanOptions, PlanRequest, bit_packed_multiply, registry},
    quant::{QuantizedTensor, Scheme, WeightShape},
    workload::{LayerKind, LayerShape, OperandBits},
};

const BITS: OperandBits = OperandBits { activation: 8, weight: 1, accumulator: 32, output: 8 };

/// A random grouped layer with zero, duplicate and negated filters among its filters.
fn layer() -> impl Strategy<Value = (LayerShape, QuantizedTensor)> {
    let scheme = prop::sample::select(Scheme::ALL.to_vec());
    (scheme, 1_u64..=3, 1_u64..=6, 1_u64..=9, 1_u64..=3, any::<u64>()).prop_map(
        |(scheme, groups, channels, filters, kernel, seed)| {
            let shape = LayerShape {
                kind: LayerKind::Conv,
                batch: 1,
                in_channels: channels * groups,
                out_channels: filters * groups,
                in_height: 5,
                in_width: 5,
                kernel_height: kernel,
                kernel_width: kernel,
                stride: 1,
                padding: 1,
                dilation: 1,
                groups,
            }
            .checked()
            .unwrap();
            (shape, weights(scheme, shape.weight_shape(), seed))
        },
    )
}

fn weights(scheme: Scheme, shape: WeightShape, seed: u64) -> QuantizedTensor {
    let randomness = signloop::quant::Randomness { density: 0.4, spread: 0.4, seed };
    let drawn = signloop::quant::synthesise(scheme, shape, randomness).unwrap();
    let length = shape.filter_len();
    let mut codes = drawn.codes().to_vec();
    // Degenerate rows: a copy of the first filter, and a filter of zeros where the scheme has them.
    if shape.filters > 2 {
        let (first, rest) = codes.split_at_mut(length);
        rest[..length].copy_from_slice(first);
    }
    if shape.filters > 3 && scheme != Scheme::Binary {
        codes[2 * length..3 * length].fill(0);
    }
    QuantizedTensor::new(scheme, shape, codes, vec![1.0; shape.filters]).unwrap()
}

proptest! {
    #[test]
    fn every_method_computes_the_dense_product((shape, tensor) in layer(), salt in any::<u64>()) {
        let options = PlanOptions::default();
        let request = PlanRequest { shape: &shape, weights: &tensor, bits: BITS, options: &options };
        let patch: Vec<i64> = (0..shape.filter_len())
            .map(|index| ((index + 1).wrapping_mul(salt | 1) >> 20) as i64 % 255 - 127)
            .collect();
        for method in registry() {
            let plan = method.plan(&request).unwrap();
            let mut adds = 0;
            for (group, program) in plan.programs.iter().enumerate() {
                let matrix = tensor.group(group, shape.groups as usize);
                prop_assert_eq!(
                    program.evaluate(&patch).unwrap(), matrix.multiply(&patch), "{}", method.name()
                );
                adds += program.adds();
            }
            if !plan.programs.is_empty() {
                prop_assert_eq!(adds, plan.counts.adds, "{}", method.name());
                prop_assert!(plan.counts.adds <= shape.out_channels * (shape.filter_len() - 1));
            }
        }
    }

    #[test]
    fn bit_packed_computes_the_dense_product((shape, tensor) in layer(), bits in 1_u32..=8, salt in any::<u64>()) {
        let patch: Vec<u8> = (0..shape.filter_len())
            .map(|index| ((index + 1).wrapping_mul(salt | 1) >> 33) as u8 & ((1_u16 << bits) - 1) as u8)
            .collect();
        let wide: Vec<i64> = patch.iter().map(|value| i64::from(*value)).collect();
        let matrix = tensor.group(0, shape.groups as usize);
        prop_assert_eq!(bit_packed_multiply(matrix, &patch, bits), matrix.multiply(&wide));
    }
}
