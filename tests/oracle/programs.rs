use std::num::NonZeroU32;

use proptest::prelude::*;
use signloop::{
    method::{InputSpace, PlanOptions, PlanRequest, bit_packed_multiply, plane_value, registry},
    network::{
        quant::{QuantizedTensor, Scheme, WeightShape},
        workload::{LayerKind, LayerShape},
    },
};

/// What is done to random weights, so that there is much to share, or nothing left to add.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    EqualFilters,
    OppositeFilters,
    EqualInputs,
    ZeroFilter,
    ZeroInput,
    Constant,
    AllZero,
}

const FLAWS: [Flaw; 7] = [
    Flaw::EqualFilters,
    Flaw::OppositeFilters,
    Flaw::EqualInputs,
    Flaw::ZeroFilter,
    Flaw::ZeroInput,
    Flaw::Constant,
    Flaw::AllZero,
];

/// A random layer: grouped, depthwise or linear; of one filter, one input, or many of both.
fn layer() -> impl Strategy<Value = (LayerShape, QuantizedTensor)> {
    let scheme = prop::sample::select(Scheme::ALL.to_vec());
    let flaws = prop::collection::vec((prop::sample::select(FLAWS.to_vec()), any::<u64>()), 0..=3);
    (scheme, shape(), 0.05_f64..=1.0, any::<u64>(), flaws).prop_map(
        |(scheme, shape, density, seed, flaws)| {
            (shape, weights(scheme, shape.weight_shape(), (density, seed), &flaws))
        },
    )
}

fn shape() -> impl Strategy<Value = LayerShape> {
    let window = (1_u64..=3, 1_u64..=3, 1_u64..=2, 0_u64..=1, 1_u64..=2);
    let grouped = (1_u64..=3, 1_u64..=6, 1_u64..=9);
    let depthwise = (1_u64..=5, 1_u64..=1, 1_u64..=2);
    let conv = (prop_oneof![3 => grouped, 1 => depthwise], window).prop_map(
        |(
            (groups, channels, filters),
            (kernel_height, kernel_width, stride, padding, dilation),
        )| {
            let depthwise = groups > 1 && channels == 1;
            LayerShape {
                kind: if depthwise { LayerKind::Depthwise } else { LayerKind::Conv },
                batch: 1,
                in_channels: channels * groups,
                out_channels: filters * groups,
                in_height: 5,
                in_width: 6,
                kernel_height,
                kernel_width,
                stride,
                padding,
                dilation,
                groups,
            }
            .checked()
            .unwrap()
        },
    );
    let linear = prop_oneof![
        2 => (1_u64..=40, 1_u64..=24),
        1 => (1_u64..=40, 1_u64..=1),
        1 => (1_u64..=1, 1_u64..=24),
    ]
    .prop_map(|(inputs, outputs)| LayerShape::linear(1, inputs, outputs).unwrap());
    prop_oneof![3 => conv, 1 => linear]
}

fn weights(
    scheme: Scheme,
    shape: WeightShape,
    (density, seed): (f64, u64),
    flaws: &[(Flaw, u64)],
) -> QuantizedTensor {
    let randomness = signloop::network::quant::Randomness { density, spread: 0.3, seed };
    let drawn = signloop::network::quant::synthesise(scheme, shape, randomness).unwrap();
    let length = shape.filter_len();
    let mut codes = drawn.codes().to_vec();
    for (flaw, at) in flaws {
        let filter = |n: u64| (n % shape.filters as u64) as usize * length;
        let input = |n: u64| (n % length as u64) as usize;
        let (from, to) = (filter(*at), filter(at >> 20));
        let copy: Vec<i8> = codes[from..from + length].to_vec();
        let zeros = scheme != Scheme::Binary;
        match flaw {
            Flaw::EqualFilters => codes[to..to + length].copy_from_slice(&copy),
            Flaw::OppositeFilters if scheme != Scheme::ZeroOne => {
                let turned = copy.iter().map(|code| -code);
                codes.splice(to..to + length, turned);
            }
            Flaw::EqualInputs => codes
                .chunks_mut(length)
                .for_each(|filter| filter[input(at >> 20)] = filter[input(*at)]),
            Flaw::ZeroFilter if zeros => codes[to..to + length].fill(0),
            Flaw::ZeroInput if zeros => {
                codes.chunks_mut(length).for_each(|filter| filter[input(*at)] = 0);
            }
            Flaw::Constant => codes.fill(1),
            Flaw::AllZero if zeros => codes.fill(0),
            _ => {}
        }
    }
    QuantizedTensor::new(scheme, shape, codes, vec![1.0; shape.filters]).unwrap()
}

/// Options that change what methods build: none, a short search, tiles and tables.
fn options() -> impl Strategy<Value = PlanOptions> {
    let size = || prop::option::of((1_u32..=5).prop_map(|size| NonZeroU32::new(size).unwrap()));
    (any::<u64>(), prop_oneof![2 => Just(0), 1 => Just(3000)], size(), size()).prop_map(
        |(seed, search_iterations, column_tile, filter_group)| PlanOptions {
            seed,
            search_iterations,
            column_tile,
            filter_group,
        },
    )
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
    fn every_method_computes_the_dense_product(
        (shape, tensor) in layer(),
        options in options(),
        salt in any::<u64>(),
    ) {
        let request = PlanRequest::of_shape(&shape, &tensor, &options);
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
