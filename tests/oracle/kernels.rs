//! Do the kernels compute what the reference computes? Integers bit by bit, fp32 within the error
//! of any order of summation.

use proptest::prelude::*;
use signloop::kernel::is_available;
use signloop::{
    kernel::{
        Activations, Buffer, DenseInt8, Engine, Finishing, Input, Isa, Kernel, KernelOptions,
        Output, Reference, reference_fp32, reference_integer,
    },
    method::{
        PlanOptions, PlanRequest, find,
        shared_sum::{Window, prefix_program},
    },
    network::{
        quant::{QuantizedTensor, Randomness, Scheme, synthesise},
        workload::{LayerKind, LayerShape},
    },
};

const METHODS: [&str; 6] =
    ["row-pattern", "prefix", "wide-prefix", "zero-skip", "shared-sum", "filter-repetition"];

/// Random layers a test: 12, or as many as `KERNEL_CASES` says (valgrind is slow).
pub(crate) fn cases() -> ProptestConfig {
    let asked = std::env::var("KERNEL_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(asked.unwrap_or(12))
}

pub(crate) fn layer() -> impl Strategy<Value = (LayerShape, QuantizedTensor)> {
    let scheme = prop::sample::select(Scheme::ALL.to_vec());
    let window = (1_u64..=3, 1_u64..=3, 0_u64..=2, 1_u64..=2);
    let sizes = (1_u64..=2, 1_u64..=40, 1_u64..=40, 5_u64..=9, 5_u64..=9);
    (scheme, 1_u64..=2, sizes, window, any::<u64>()).prop_map(
        |(scheme, groups, sizes, (kernel, stride, padding, dilation), seed)| {
            let (batch, channels, filters, in_height, in_width) = sizes;
            let shape = LayerShape {
                kind: LayerKind::Conv,
                batch,
                in_channels: channels * groups,
                out_channels: filters * groups,
                in_height,
                in_width,
                kernel_height: kernel,
                kernel_width: kernel,
                stride,
                padding,
                dilation,
                groups,
            }
            .checked()
            .unwrap();
            (shape, weights(scheme, &shape, seed))
        },
    )
}

/// Random weights with random scales; a filter of zeros and a copy of another where there is room.
pub(crate) fn weights(scheme: Scheme, shape: &LayerShape, seed: u64) -> QuantizedTensor {
    let shape = shape.weight_shape();
    let drawn = synthesise(scheme, shape, Randomness { density: 0.4, spread: 0.4, seed }).unwrap();
    let mut codes = drawn.codes().to_vec();
    let length = shape.filter_len();
    if shape.filters > 4 && scheme != Scheme::Binary {
        codes[2 * length..3 * length].fill(0);
        let (first, rest) = codes.split_at_mut(3 * length);
        rest[..length].copy_from_slice(&first[..length]);
    }
    let scales = (0..shape.filters).map(|k| 0.01 + (k * 7 % 11) as f32 * 0.003).collect();
    QuantizedTensor::new(scheme, shape, codes, scales).unwrap()
}

pub(crate) fn mix(index: u64, salt: u64) -> u64 {
    (index + 1).wrapping_mul(salt | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33
}

fn build(
    shape: &LayerShape,
    tensor: &QuantizedTensor,
    method: &str,
    options: &KernelOptions,
) -> Kernel {
    // What `row-pattern` becomes under AVX2, with few registers, so that sums are written apart;
    // and what it becomes under AVX-512 on some processors.
    let prefix = match method {
        "prefix" => Some((9, Window { registers: 12, columns: 700, weights: 257 })),
        "wide-prefix" => Some((16, Window { registers: 31, columns: 1152, weights: 257 })),
        _ => None,
    };
    if let Some((rows, window)) = prefix {
        let groups = shape.groups as usize;
        let programs: Vec<_> = (0..groups)
            .map(|group| prefix_program(tensor.group(group, groups), rows, window).into())
            .collect();
        return Kernel::build(shape, tensor, &programs, options).unwrap();
    }
    let plan_options = PlanOptions::default();
    let request = PlanRequest::of_shape(shape, tensor, &plan_options);
    let plan = find(method).unwrap().plan(&request).unwrap();
    Kernel::build(shape, tensor, &plan.programs, options).unwrap()
}

/// Runs twice with one workspace; the second run must repeat the first.
pub(crate) fn run_fp32(kernel: &Kernel, map: &[f32], threads: usize) -> Vec<f32> {
    let mut input = Buffer::new(kernel.input_layout().len());
    kernel.input_layout().pack(map, &mut input);
    let layout = kernel.output_layout();
    let mut workspace = kernel.workspace(threads);
    let mut outputs = [Buffer::<f32>::new(layout.len()), Buffer::new(layout.len())];
    for output in &mut outputs {
        kernel.run(Input::Fp32(&input), Output::Fp32(output), &mut workspace).unwrap();
    }
    assert_eq!(outputs[0][..], outputs[1][..]);
    let values = layout.images * layout.channels * layout.height * layout.width;
    let mut map = vec![0.0; values as usize];
    layout.unpack(&outputs[0], &mut map);
    // All that is no pixel is zero, so that the next layer can read the planes in place.
    assert_eq!(nonzero(&outputs[0], |v| *v != 0.0), nonzero(&map, |v| *v != 0.0));
    map
}

fn nonzero<T>(values: &[T], is: impl Fn(&T) -> bool) -> usize {
    values.iter().filter(|value| is(value)).count()
}

pub(crate) fn run_integer(
    kernel: &Kernel,
    map: &[u8],
    finishing: Finishing,
    threads: usize,
) -> Reference {
    let mut input = Buffer::new(kernel.input_layout().len());
    kernel.input_layout().pack(map, &mut input);
    let layout = kernel.output_layout();
    let values = (layout.images * layout.channels * layout.height * layout.width) as usize;
    let mut workspace = kernel.workspace(threads);
    match finishing {
        Finishing::Sums => {
            let mut output = Buffer::new(layout.len());
            kernel.run(Input::Unsigned(&input), Output::Sums(&mut output), &mut workspace).unwrap();
            let mut map = vec![0; values];
            layout.unpack(&output, &mut map);
            Reference::Sums(map)
        }
        Finishing::Requantised => {
            let mut output = Buffer::new(layout.len());
            kernel
                .run(Input::Unsigned(&input), Output::Unsigned(&mut output), &mut workspace)
                .unwrap();
            let mut map = vec![0; values];
            layout.unpack(&output, &mut map);
            Reference::Bytes(map)
        }
        _ => {
            let mut output = Buffer::new(layout.len());
            kernel.run(Input::Unsigned(&input), Output::Fp32(&mut output), &mut workspace).unwrap();
            let mut map = vec![0.0; values];
            layout.unpack(&output, &mut map);
            Reference::Fp32(map, Vec::new())
        }
    }
}

pub(crate) fn options(
    activations: Activations,
    finishing: Finishing,
    isa: Isa,
    salt: u64,
    filters: u64,
) -> KernelOptions {
    KernelOptions {
        activations,
        finishing,
        isa,
        engine: None,
        output_padding: salt % 3,
        bias: match salt % 2 {
            0 => Vec::new(),
            _ => (0..filters).map(|k| k as f32 * 0.25 - 1.0).collect(),
        },
        tile: if salt % 5 < 2 { Some(1 + (salt % 5) as usize * 3) } else { None },
        cache_bytes: 1 << 20,
    }
}

pub(crate) fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| is_available(*isa))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn integer_kernels_equal_the_reference((shape, tensor) in layer(), salt in any::<u64>(), bits in 1_u32..=8) {
        let limit = (1_u64 << bits) - 1;
        // Mostly large values: sums leave 16 bits unless they are cut into chunks.
        let map: Vec<u8> = (0..shape.input_elements())
            .map(|index| (limit - (mix(index, salt) % 4).min(limit)) as u8).collect();
        for finishing in [Finishing::Sums, Finishing::Scaled, Finishing::Requantised] {
            let options_of = |isa| options(Activations::Unsigned { bits }, finishing, isa, salt, shape.out_channels);
            let bias = options_of(Isa::Scalar).bias;
            let expected = reference_integer(&shape, &tensor, &bias, finishing, &map);
            for isa in available() {
                for method in METHODS {
                    let kernel = build(&shape, &tensor, method, &options_of(isa));
                    let threads = 1 + (salt % 3) as usize;
                    prop_assert_eq!(&run_integer(&kernel, &map, finishing, threads), &expected, "{:?} {}", isa, method);
                }
            }
        }
    }

    #[test]
    fn the_dense_competitor_equals_the_reference((shape, tensor) in layer(), salt in any::<u64>()) {
        let map: Vec<u8> =
            (0..shape.input_elements()).map(|index| (mix(index, salt) % 256) as u8).collect();
        let expected = reference_integer(&shape, &tensor, &[], Finishing::Requantised, &map);
        for isa in available() {
            let dense = DenseInt8::new(&shape, &tensor, isa).unwrap();
            let mut output = dense.output();
            dense.run(&dense.pack(&map), &mut output);
            prop_assert_eq!(Reference::Bytes(dense.unpack(&output)), expected.clone(), "{:?}", isa);
        }
        // Elsewhere the unit tests run it with its instructions emulated.
        if DenseInt8::amx_available() {
            let dense = DenseInt8::amx(&shape, &tensor).unwrap();
            let mut output = dense.output();
            dense.run(&dense.pack(&map), &mut output);
            prop_assert_eq!(Reference::Bytes(dense.unpack(&output)), expected, "AMX");
        }
    }

    #[test]
    fn fp32_kernels_are_within_the_error_of_summation((shape, tensor) in layer(), salt in any::<u64>()) {
        let map: Vec<f32> = (0..shape.input_elements())
            .map(|index| mix(index, salt) as f32 / (1_u64 << 30) as f32 - 1.0).collect();
        for finishing in [Finishing::Scaled, Finishing::Relu] {
            let bias = options(Activations::Fp32, finishing, Isa::Scalar, salt, shape.out_channels).bias;
            let Reference::Fp32(expected, magnitudes) = reference_fp32(&shape, &tensor, &bias, finishing, &map) else {
                unreachable!()
            };
            for isa in available() {
                for method in METHODS {
                    let options = options(Activations::Fp32, finishing, isa, salt, shape.out_channels);
                    let kernel = build(&shape, &tensor, method, &options);
                    let found = run_fp32(&kernel, &map, 1 + (salt % 3) as usize);
                    let worst = beyond(&shape, &found, &expected, &magnitudes);
                    prop_assert!(worst.is_none(), "{isa:?} {method}: {worst:?}");
                }
            }
        }
    }
}

/// The first value that no order of n additions gives: |error| <= n * 2^-24 * sum of magnitudes;
/// scale, bias and the final rounding add three more.
pub(crate) fn beyond(
    shape: &LayerShape,
    found: &[f32],
    expected: &[f32],
    magnitudes: &[f32],
) -> Option<(f32, f32, f32)> {
    let unit = (shape.filter_len() as f32 + 3.0) * f32::EPSILON / 2.0;
    let all = found.iter().zip(expected).zip(magnitudes);
    let mut all = all.map(|((found, expected), magnitude)| (*found, *expected, *magnitude));
    all.find(|(found, expected, magnitude)| {
        (found - expected).abs() > unit * magnitude + f32::MIN_POSITIVE
    })
}

/// Long programs: the code of a pass exceeds a first-level cache, so it is cut into chunks whose
/// fp32 sums wait, and, where it exceeds the second-level cache, fetches the code of the next.
#[test]
fn long_programs_are_cut_into_chunks() {
    let shape =
        LayerShape { in_channels: 320, out_channels: 20, ..LayerShape::linear(1, 1, 1).unwrap() };
    let shape = LayerShape {
        kind: LayerKind::Conv,
        in_height: 6,
        in_width: 9,
        kernel_height: 3,
        kernel_width: 3,
        padding: 1,
        ..shape
    }
    .checked()
    .unwrap();
    let map: Vec<f32> = (0..shape.input_elements())
        .map(|index| mix(index, 9) as f32 / (1_u64 << 30) as f32 - 1.0)
        .collect();
    for scheme in Scheme::ALL {
        let tensor = weights(scheme, &shape, 5);
        let Reference::Fp32(expected, magnitudes) =
            reference_fp32(&shape, &tensor, &[], Finishing::Scaled, &map)
        else {
            unreachable!()
        };
        for isa in available().filter(|isa| matches!(isa, Isa::Avx2 | Isa::Avx512)) {
            for method in METHODS {
                for cache_bytes in [32 << 10, 8 << 20] {
                    let options = KernelOptions {
                        cache_bytes,
                        engine: Some(Engine::Code),
                        ..options(Activations::Fp32, Finishing::Scaled, isa, 0, 20)
                    };
                    let kernel = build(&shape, &tensor, method, &options);
                    if method == "wide-prefix" && isa == Isa::Avx512 {
                        assert!(kernel.step_counts().flushes > 0, "{scheme}: one chunk");
                    }
                    for threads in 1..=2 {
                        let found = run_fp32(&kernel, &map, threads);
                        let worst = beyond(&shape, &found, &expected, &magnitudes);
                        assert!(worst.is_none(), "{scheme} {isa:?} {method}: {worst:?}");
                    }
                }
            }
        }
    }
}

/// Long filters: the sums of 8-bit activations do not fit 16 bits, so they are cut into chunks.
#[test]
fn long_filters_are_cut_into_chunks() {
    for scheme in Scheme::ALL {
        let shape = LayerShape::linear(40, 1500, 33).unwrap();
        let tensor = weights(scheme, &shape, 5);
        let map: Vec<u8> =
            (0..shape.input_elements()).map(|index| 255 - (index % 3) as u8).collect();
        for finishing in [Finishing::Sums, Finishing::Requantised] {
            let expected = reference_integer(&shape, &tensor, &[], finishing, &map);
            for isa in available() {
                for method in METHODS {
                    let options = options(Activations::Unsigned { bits: 8 }, finishing, isa, 0, 33);
                    let kernel = build(&shape, &tensor, method, &options);
                    assert_eq!(
                        run_integer(&kernel, &map, finishing, 1),
                        expected,
                        "{scheme} {isa:?} {method}"
                    );
                }
            }
        }
    }
}
