//! Op programs: cache entries, and every method on random weights.

use std::{num::NonZeroU32, sync::Arc, sync::LazyLock};

use signloop::{
    method::{
        InputSpace, OpProgram, PlanOptions, PlanRequest, ProgramExport, Schedule,
        cache::{decode, encode, is_right},
        find, graphviz, registry, simulate_registers, verify,
    },
    network::{
        quant::{QuantizedTensor, Scheme},
        workload::{LayerKind, LayerShape},
    },
};

use super::accepted;

/// Three filters over two channels of 2×2: what a decoded plan is held against.
static LAYER: LazyLock<(LayerShape, QuantizedTensor)> = LazyLock::new(|| {
    let shape = LayerShape {
        kind: LayerKind::Conv,
        batch: 1,
        in_channels: 2,
        out_channels: 3,
        in_height: 4,
        in_width: 4,
        kernel_height: 2,
        kernel_width: 2,
        stride: 1,
        padding: 0,
        dilation: 1,
        groups: 1,
    };
    let shape = shape.checked().expect("a shape");
    let codes = (0..24).map(|at| [1, -1, 0, 1, 1, 0, -1][at % 7]).collect();
    let weights = QuantizedTensor::new(Scheme::Ternary, shape.weight_shape(), codes, vec![1.0; 3]);
    (shape, weights.expect("weights"))
});

/// A cache entry without its checksum. Whatever the program is, nothing that reads it panics; a
/// plan that is accepted computes the layer on other inputs, too.
pub fn plan(data: &[u8]) {
    let Some(plan) = decode(data) else { return };
    let bytes = encode(&plan).expect("bytes of a plan that has some");
    let again = decode(&bytes).expect("a plan");
    assert_eq!(again.programs, plan.programs);
    assert_eq!(encode(&again), Some(bytes));
    for program in plan.programs.iter().filter(|program| program.inputs() <= 1 << 12) {
        look_at(program);
    }
    let (shape, weights) = &*LAYER;
    let options = PlanOptions::default();
    let request = PlanRequest::of_shape(shape, weights, &options);
    let method = find("shared-sum").expect("a method");
    if is_right(&plan, method, &request).unwrap_or(false) {
        let computes = verify(&plan.programs, shape, weights, 4, 0x5eed);
        assert!(computes.expect("sums of small integers"), "a wrong plan was accepted");
    }
}

/// Everything that is said about a program without running it, and its run.
fn look_at(program: &OpProgram) {
    let (counts, schedule) = (program.counts(), Schedule::of(program));
    assert_eq!(schedule.peak_live, counts.peak_live);
    assert!(u64::from(schedule.slots) <= counts.peak_live);
    let few = simulate_registers(program, 2);
    let many = simulate_registers(program, 16);
    assert!(many.loads <= few.loads && many.stores <= few.stores);
    let _ = program.halo_adds(&LAYER.0).map_err(|error| error.to_string());
    assert!(!graphviz("fuzz", program).is_empty());
    assert!(serde_json::to_string(&ProgramExport::of(0, program)).is_ok());
    let ordered = program.depth_first();
    assert!(ordered.adds() <= program.adds());
    let runs = [program, &ordered].map(|program| match program.space() {
        InputSpace::Patch => {
            let patch: Vec<i64> =
                (0..i64::from(program.inputs())).map(|at| at * 37 % 101 - 50).collect();
            program.evaluate(&patch).ok()
        }
        InputSpace::Planes => program
            .evaluate_at(&|plane, y, x| (i64::from(plane) * 37 + y * 11 + x * 5) % 101, (0, 0))
            .ok(),
    });
    // Sums that nothing reads are not in the second program, nor do they overflow there.
    if let [Some(found), Some(again)] = runs {
        assert_eq!(found, again);
    }
}

/// A small layer, its weights and a method from the bytes: the plan computes the dense product,
/// and comes back from its bytes.
pub fn method(data: &[u8]) {
    let Some((choices, codes)) = data.split_first_chunk::<8>() else { return };
    let [which, scheme, filters, channels, kernel, window, groups, tile] = choices.map(u64::from);
    let method = registry()[which as usize % registry().len()];
    let scheme = Scheme::ALL[scheme as usize % Scheme::ALL.len()];
    // A method that searches takes most of the time: it gets layers of a seventh of the weights at most.
    let up_to =
        |value: u64, many: u64, few: u64| 1 + value % if method.is_slow() { few } else { many };
    let groups = 1 + groups % 2;
    let shape = LayerShape {
        kind: LayerKind::Conv,
        batch: 1,
        in_channels: groups * up_to(channels, 4, 2),
        out_channels: groups * up_to(filters, 6, 4),
        in_height: 6,
        in_width: 5,
        kernel_height: up_to(kernel, 3, 2),
        kernel_width: up_to(kernel / 3, 3, 2),
        stride: 1 + window % 2,
        padding: window / 2 % 2,
        dilation: 1 + window / 4 % 2,
        groups,
    };
    let Ok(shape) = shape.checked() else { return };
    let Some(weights) = weights(scheme, &shape, codes) else { return };
    let options = PlanOptions {
        seed: tile,
        search_iterations: tile % 3,
        column_tile: NonZeroU32::new(tile as u32 % 5),
        filter_group: NonZeroU32::new(window as u32 % 3),
    };
    let request = PlanRequest::of_shape(&shape, &weights, &options)
        .with_activation_bits(1 + (tile / 4 % 8) as u32);
    if method.applies(&request).is_err() {
        return;
    }
    let Some(plan) = accepted(method.plan(&request)) else { return };
    let verified = method.verify(&request, &plan, tile);
    verified.expect("the dense product");
    let again = decode(&encode(&plan).expect("bytes")).expect("a plan");
    assert_eq!(again.programs, plan.programs);
    assert_eq!(again.counts, plan.counts);
    if method.is_slow() {
        assert!(is_right(&plan, method, &request).expect("small sums"), "{}", method.name());
    }
    plan.programs.iter().map(Arc::as_ref).for_each(look_at);
}

/// Codes of a scheme from bytes, over and over; signed-binary filters take the sign of their
/// first byte.
fn weights(scheme: Scheme, shape: &LayerShape, bytes: &[u8]) -> Option<QuantizedTensor> {
    let weights = shape.weight_shape();
    let at = |index: usize| bytes[index % bytes.len()];
    let codes = (0..if bytes.is_empty() { 0 } else { weights.len() }).map(|index| {
        let byte = at(index).wrapping_add((index / bytes.len()) as u8);
        let region = [1, -1][usize::from(at(index / weights.filter_len()) / 2 % 2)];
        match scheme.one_sign(region) {
            Some(sign) => sign * [0, 1][usize::from(byte % 2)],
            None if scheme.has_zero() => [0, 1, -1][usize::from(byte % 3)],
            None => [1, -1][usize::from(byte % 2)],
        }
    });
    QuantizedTensor::new(scheme, weights, codes.collect(), vec![1.0; weights.filters]).ok()
}
