use proptest::prelude::*;
use signloop::{
    method::{InputSpace, PlanOptions, PlanRequest, bit_packed_multiply, plane_value, registry},
    quant::{QuantizedTensor, Scheme, WeightShape},
    workload::{LayerKind, LayerShape, OperandBits},
};

const BITS: OperandBits = OperandBits { activation: 8, weight: 1, accumulator: 32, output: 8 };

/// A random grouped layer with zero, duplicate and negated filters among its filters.
fn layer() -> impl Strategy<Value = (LayerShape, QuantizedTensor)> {
    let scheme = prop::sample::select(Scheme::ALL.to_vec());
    let window = (1_u64..=3, 1_u64..=3, 1_u64..=2);
    (scheme, 1_u64..=3, 1_u64..=6, 1_u64..=9, window, any::<u64>()).prop_map(
        |(scheme, groups, channels, filters, (kernel, stride, dilation), seed)| {
            let shape = LayerShape {
                kind: LayerKind::Conv,
                batch: 1,
                in_channels: channels * groups,
                out_channels: filters * groups,
                in_height: 5,
                in_width: 5,
                kernel_height: kernel,
                kernel_width: kernel,
                stride,
                padding: 1,
                dilation,
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

/// An image of small integers.
fn image(shape: &LayerShape, salt: u64) -> Vec<i64> {
    (0..shape.input_elements())
        .map(|index| ((index + 3).wrapping_mul(salt | 1) >> 21) as i64 % 255 - 127)
        .collect()
}

/// The patch of one output pixel as a direct convolution reads it.
fn window(shape: &LayerShape, group: u64, image: &[i64], (y, x): (i64, i64)) -> Vec<i64> {
    let mut patch = Vec::new();
    let channels = shape.in_channels / shape.groups;
    for channel in 0..channels {
        for r in 0..shape.kernel_height {
            for s in 0..shape.kernel_width {
                let place = |out: i64, tap: u64| {
                    out * shape.stride as i64 + (tap * shape.dilation) as i64 - shape.padding as i64
                };
                let (row, column) = (place(y, r), place(x, s));
                let inside = (0..shape.in_height as i64).contains(&row)
                    && (0..shape.in_width as i64).contains(&column);
                let index = ((group * channels + channel) * shape.in_height) as i64;
                patch.push(if inside {
                    image[((index + row) * shape.in_width as i64 + column) as usize]
                } else {
                    0
                });
            }
        }
    }
    patch
}

proptest! {
    #[test]
    fn every_method_computes_the_dense_product((shape, tensor) in layer(), salt in any::<u64>()) {
        let options = PlanOptions::default();
        let request = PlanRequest { shape: &shape, weights: &tensor, bits: BITS, options: &options };
        let patch: Vec<i64> = (0..shape.filter_len())
            .map(|index| ((index + 1).wrapping_mul(salt | 1) >> 20) as i64 % 255 - 127)
            .collect();
        let image = image(&shape, salt);
        for method in registry() {
            if method.applies(&request).is_err() {
                continue;
            }
            let plan = method.plan(&request).unwrap();
            let mut adds = 0;
            for (group, program) in plan.programs.iter().enumerate() {
                let matrix = tensor.group(group, shape.groups as usize);
                adds += program.adds();
                if program.space() == InputSpace::Patch {
                    prop_assert_eq!(
                        program.evaluate(&patch).unwrap(), matrix.multiply(&patch), "{}", method.name()
                    );
                    continue;
                }
                let group = group as u64;
                let read = |plane, y, x| plane_value(&shape, group, &image, (plane, y, x));
                for y in 0..shape.out_height() as i64 {
                    for x in 0..shape.out_width() as i64 {
                        prop_assert_eq!(
                            program.evaluate_at(&read, (y, x)).unwrap(),
                            matrix.multiply(&window(&shape, group, &image, (y, x))),
                            "{} at {} {}", method.name(), y, x
                        );
                    }
                }
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
