//! Do the table-driven and the bit-packed kernel compute what the reference computes, under every
//! instruction set of this machine? Integers bit by bit, fp32 within the error of any order of
//! summation.

use proptest::prelude::*;
use signloop::kernel::widest_isa;
use signloop::{
    kernel::{
        Activations, BitPackedKernel, Engine, Finishing, Input, Isa, Kernel, KernelOptions, Output,
        PopcountLevel, Reference, plan_row_pattern, reference_fp32, reference_integer,
    },
    method::{
        OpProgram,
        shared_sum::pattern_table_program,
        subset_table::{Closure, Form, TablePlan},
    },
    network::{
        quant::{QuantizedTensor, Scheme},
        workload::LayerShape,
    },
};

use crate::kernels::{
    available, beyond, cases, layer, mix, options, run_fp32, run_integer, weights,
};

const FINISHINGS: [Finishing; 3] = [Finishing::Sums, Finishing::Scaled, Finishing::Requantised];

/// Kernels of a layer driven by tables: as the planner wants it, by patterns, and by partial sums
/// in tiles of 1 to 5 columns.
fn tables(
    shape: &LayerShape,
    tensor: &QuantizedTensor,
    options: KernelOptions,
    salt: u64,
) -> [Kernel; 3] {
    let options = KernelOptions { engine: Some(Engine::Table), ..options };
    let (engine, planned) = plan_row_pattern(shape, tensor, &options);
    assert_eq!(engine, Engine::Table);
    let groups = shape.groups as usize;
    let each = |program: &dyn Fn(usize) -> OpProgram| -> Vec<_> {
        (0..groups).map(|group| program(group).into()).collect()
    };
    let patterns = each(&|group| pattern_table_program(tensor.group(group, groups)));
    let closure = [Closure::Halves, Closure::Last][(salt % 2) as usize];
    let form = match tensor.scheme() {
        Scheme::Binary if !salt.is_multiple_of(3) => Form::Masks,
        _ => Form::Signed,
    };
    let subsets = each(&|group| {
        let matrix = tensor.group(group, groups);
        TablePlan::new(matrix, 1 + (salt % 5) as u32, closure, form).program()
    });
    [planned, patterns, subsets].map(|programs| {
        let kernel = Kernel::build(shape, tensor, &programs, &options).unwrap();
        assert_eq!(kernel.engine(), Engine::Table);
        // Driven by tables, not interpreted.
        assert!(kernel.code_bytes() > 0 && kernel.isa() == options.isa);
        kernel
    })
}

/// Mostly large values, so that sums leave 16 bits unless they are cut into chunks.
fn large(shape: &LayerShape, salt: u64, bits: u32) -> Vec<u8> {
    let limit = (1_u64 << bits) - 1;
    let value = |index| (limit - (mix(index, salt) % 4).min(limit)) as u8;
    (0..shape.input_elements()).map(value).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn integer_tables_equal_the_reference((shape, tensor) in layer(), salt in any::<u64>(), bits in 1_u32..=8) {
        let map = large(&shape, salt, bits);
        for finishing in FINISHINGS {
            for isa in available() {
                let options = options(Activations::Unsigned { bits }, finishing, isa, salt, shape.out_channels);
                let expected = reference_integer(&shape, &tensor, &options.bias, finishing, &map);
                let threads = 1 + (salt % 3) as usize;
                for kernel in tables(&shape, &tensor, options, salt) {
                    prop_assert_eq!(&run_integer(&kernel, &map, finishing, threads), &expected, "{:?}", isa);
                }
            }
        }
    }

    #[test]
    fn fp32_tables_are_within_the_error_of_summation((shape, tensor) in layer(), salt in any::<u64>()) {
        let map: Vec<f32> = (0..shape.input_elements())
            .map(|index| mix(index, salt) as f32 / (1_u64 << 30) as f32 - 1.0).collect();
        for finishing in [Finishing::Scaled, Finishing::Relu] {
            for isa in available() {
                let options = options(Activations::Fp32, finishing, isa, salt, shape.out_channels);
                let expected = reference_fp32(&shape, &tensor, &options.bias, finishing, &map);
                let Reference::Fp32(expected, magnitudes) = expected else { unreachable!() };
                for kernel in tables(&shape, &tensor, options, salt) {
                    let found = run_fp32(&kernel, &map, 1 + (salt % 3) as usize);
                    let worst = beyond(&shape, &found, &expected, &magnitudes);
                    prop_assert!(worst.is_none(), "{isa:?}: {worst:?}");
                }
            }
        }
    }

    #[test]
    fn bit_packed_kernels_equal_the_reference((shape, tensor) in layer(), salt in any::<u64>(), bits in 1_u32..=8) {
        let map: Vec<u8> = (0..shape.input_elements())
            .map(|index| (mix(index, salt) % (1 << bits)) as u8).collect();
        for finishing in FINISHINGS {
            let options = options(Activations::Unsigned { bits }, finishing, widest_isa(), salt, shape.out_channels);
            let expected = reference_integer(&shape, &tensor, &options.bias, finishing, &map);
            let kernel = BitPackedKernel::build(&shape, &tensor, &options).unwrap();
            for level in PopcountLevel::ALL.into_iter().filter(|level| level.is_available()) {
                let found = bit_packed(kernel.clone().with_level(level).unwrap(), &map, finishing, &shape);
                prop_assert_eq!(&found, &expected, "{:?}", level);
            }
        }
    }
}

fn bit_packed(
    mut kernel: BitPackedKernel,
    map: &[u8],
    finishing: Finishing,
    shape: &LayerShape,
) -> Reference {
    let values = shape.output_elements() as usize;
    let input = Input::Unsigned(map);
    match finishing {
        Finishing::Sums => {
            let mut found = vec![0; values];
            kernel.run(input, Output::Sums(&mut found)).unwrap();
            Reference::Sums(found)
        }
        Finishing::Requantised => {
            let mut found = vec![0; values];
            kernel.run(input, Output::Unsigned(&mut found)).unwrap();
            Reference::Bytes(found)
        }
        _ => {
            let mut found = vec![0.0; values];
            kernel.run(input, Output::Fp32(&mut found)).unwrap();
            Reference::Fp32(found, Vec::new())
        }
    }
}

/// Filters of 1500 weights: several chunks by range (16 bits) and by cache.
#[test]
fn long_filters_are_cut_into_chunks() {
    for scheme in Scheme::ALL {
        let shape = LayerShape::linear(40, 1500, 33).unwrap();
        let tensor = weights(scheme, &shape, 5);
        let map = large(&shape, 1, 8);
        for finishing in FINISHINGS {
            let expected = reference_integer(&shape, &tensor, &[], finishing, &map);
            for isa in available() {
                let options = options(Activations::Unsigned { bits: 8 }, finishing, isa, 0, 33);
                for (salt, kernel) in (0..2).flat_map(|salt| {
                    tables(&shape, &tensor, options.clone(), 3 + salt).map(|kernel| (salt, kernel))
                }) {
                    let found = run_integer(&kernel, &map, finishing, 1);
                    assert_eq!(found, expected, "{scheme} {isa:?} {salt}");
                }
            }
        }
    }
}

/// Every column that some filter of a block reads is loaded once for the whole block.
#[test]
fn tables_load_a_column_once_a_block() {
    let shape = LayerShape::linear(8, 600, 40).unwrap();
    for (scheme, rows) in [(Scheme::SignedBinary, 8), (Scheme::Binary, 8), (Scheme::Ternary, 5)] {
        let tensor = weights(scheme, &shape, 3);
        let own = options(Activations::Fp32, Finishing::Scaled, Isa::Scalar, 0, 40);
        let [_, kernel, _] = tables(&shape, &tensor, own, 1);
        assert!(kernel.step_counts().tap_loads <= 600 * 40_u64.div_ceil(rows), "{scheme}");
        // The node sums of the program hold the same columns.
        let program: OpProgram = pattern_table_program(tensor.group(0, 1));
        let terms = (0..program.nodes()).map(|node| program.node(node).len() as u64).sum::<u64>();
        assert_eq!(kernel.step_counts().tap_loads, terms, "{scheme}");
    }
}

#[test]
fn generated_code_is_refused_where_there_is_none() {
    let shape = LayerShape::linear(1, 9, 4).unwrap();
    let tensor = weights(Scheme::Binary, &shape, 1);
    let own = options(Activations::Fp32, Finishing::Scaled, Isa::Scalar, 0, 4);
    let own = KernelOptions { engine: Some(Engine::Code), ..own };
    let (_, programs) = plan_row_pattern(&shape, &tensor, &own);
    let error = Kernel::build(&shape, &tensor, &programs, &own).unwrap_err();
    assert!(error.to_string().contains("no machine code is generated for `scalar`"), "{error}");
}

/// All 16 subsets of four columns as filters, twice: in both tiles the four columns are copied and 11
/// sums filled, beside one zero; 15 filters (one is zero) look up an entry a tile, in two blocks
/// of 13.
#[test]
fn tables_of_partial_sums_fill_every_subset_once() {
    let shape = LayerShape::linear(1, 8, 16).unwrap();
    let codes =
        (0..16_u8).flat_map(|filter| (0..8).map(move |bit| (filter >> (bit % 4) & 1) as i8));
    let codes = codes.collect();
    let tensor =
        QuantizedTensor::new(Scheme::ZeroOne, shape.weight_shape(), codes, vec![1.0; 16]).unwrap();
    let own = KernelOptions {
        engine: Some(Engine::Table),
        ..options(Activations::Fp32, Finishing::Scaled, Isa::Scalar, 0, 16)
    };
    let plan = TablePlan::new(tensor.group(0, 1), 4, Closure::Last, Form::Signed);
    let kernel = Kernel::build(&shape, &tensor, &[plan.program().into()], &own).unwrap();
    let counts = kernel.step_counts();
    assert_eq!((counts.tap_loads, counts.slot_stores), (2 * 4, 2 * (4 + 11) + 1));
    assert_eq!(counts.adds, 2 * 11 + 2 * 2 * 13);
    let found = run_fp32(&kernel, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0], 1);
    assert_eq!(found, (0..16).map(|filter| 17.0 * filter as f32).collect::<Vec<_>>());
}
