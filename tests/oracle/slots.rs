//! Do the modelled lines of partial sums equal those of the program itself, replayed access by
//! access through exact caches?

use std::path::Path;

use signloop::{
    cpu::{
        LayerWork, MemoryLevel, Tensor, Traffic, evaluate, slots_a_line,
        traffic::{capacity, lru::Simulator},
    },
    machine::{self, CpuArch},
    method::{OpProgram, PlanOptions, PlanRequest, Schedule, Step, find, registry, steps},
    network::{
        quant::{Randomness, Scheme, synthesise},
        workload::{self, Layer, LayerShape, OperandBits, WeightStore},
    },
    study::{Counted, cost_of},
};

const BITS: OperandBits = OperandBits { activation: 8, weight: 1, accumulator: 32, output: 8 };
/// Owners of lines.
const STREAM: usize = 0;
const INPUTS: usize = 1;
const SLOTS: usize = 2;
const OUTPUTS: usize = 3;

/// Lines of slots that every cache fetches while the program of an unpadded layer runs over all
/// blocks: index stream, input planes, slots and output planes lie one after the other in memory.
fn replayed(
    arch: &CpuArch,
    shape: &LayerShape,
    program: &OpProgram,
    stream_bits: u64,
) -> Vec<(u64, u64)> {
    let line = arch.caches[0].line_bytes.value;
    let vector = arch.core.simd_bits.value / 8;
    let lanes = arch.core.simd_bits.value / u64::from(BITS.accumulator);
    let columns = shape.out_width();
    assert_eq!(columns % lanes, 0, "every block is one whole vector of a row");
    let schedule = Schedule::of(program);
    let steps = steps(program);
    let (pitch, taps) = (shape.in_width, shape.kernel_height * shape.kernel_width);
    let plane = shape.in_height * pitch;
    let aligned = |bytes: u64| bytes.div_ceil(line) * line;
    let inputs = aligned(stream_bits / 8);
    let slots = inputs + aligned(shape.in_channels * plane);
    let outputs = slots + aligned(u64::from(schedule.slots) * vector);
    let caches: Vec<_> =
        arch.caches.iter().map(|cache| (capacity(cache), cache.policy.value)).collect();
    let mut simulator = Simulator::new(&caches, 4);
    let terms = program.counts().loads;
    for block in 0..shape.out_height() * columns / lanes {
        let (y, x) = (block * lanes / columns, block * lanes % columns);
        let mut read = 0;
        let mut operand = |simulator: &mut Simulator, source: u32| {
            simulator.access(read * stream_bits / 8 / terms / line, STREAM, false);
            read += 1;
            if let Some(node) = source.checked_sub(program.inputs()) {
                let slot = u64::from(schedule.slot_of_node[node as usize]);
                simulator.access((slots + slot * vector) / line, SLOTS, false);
                return;
            }
            let (channel, tap) = (u64::from(source) / taps, u64::from(source) % taps);
            let (row, column) = (tap / shape.kernel_width, tap % shape.kernel_width);
            let first = inputs + channel * plane + (y + row) * pitch + x + column;
            for at in first / line..=(first + lanes - 1) / line {
                simulator.access(at, INPUTS, false);
            }
        };
        for step in &steps {
            match step {
                Step::Node(node) => {
                    for term in program.node(*node) {
                        operand(&mut simulator, term.source);
                    }
                    let slot = u64::from(schedule.slot_of_node[*node as usize]);
                    simulator.access((slots + slot * vector) / line, SLOTS, true);
                }
                Step::Output(output) => {
                    for (term, _) in &program.outputs()[*output as usize].terms {
                        operand(&mut simulator, term.source);
                    }
                    let at = u64::from(*output) * shape.out_height() * columns + block * lanes;
                    simulator.access((outputs + at) / line, OUTPUTS, true);
                }
            }
        }
    }
    simulator.drain();
    let link = |index: usize| {
        let lines = simulator.link(index)[SLOTS];
        (lines.reads * line, lines.writes * line)
    };
    (0..caches.len()).map(link).collect()
}

/// A method's program of one layer on one machine: what the model says and what the replay gives,
/// in bytes read and written behind each cache, and all bytes of slots that pass the core.
struct Case {
    name: String,
    modelled: Vec<(u64, u64)>,
    replayed: Vec<(u64, u64)>,
    in_core: u64,
}

fn case(arch: &CpuArch, shape: &LayerShape, scheme: Scheme, method: &str) -> Case {
    let random = Randomness {
        density: if scheme == Scheme::Binary { 1.0 } else { 0.4 },
        spread: 0.0,
        seed: 3,
    };
    let weights = synthesise(scheme, shape.weight_shape(), random).unwrap();
    let options = PlanOptions::default();
    let request = PlanRequest { shape, weights: &weights, bits: BITS, options: &options };
    let method = find(method).unwrap();
    let plan = method.plan(&request).unwrap();
    let slots = method.slot_reuse(&request, &plan, &[slots_a_line(arch)]);
    let cost = evaluate(
        arch,
        &LayerWork {
            shape,
            bits: BITS,
            execution: plan.execution,
            counts: &plan.counts,
            storage: &plan.storage,
            slots: slots.as_ref(),
        },
    )
    .unwrap();
    let bytes = |level: MemoryLevel| {
        let rows = cost.traffic.iter();
        let mut own = rows.filter(|row| row.level == level && row.tensor == Tensor::PartialSums);
        own.next().map_or((0, 0), |row| (row.read_bytes, row.write_bytes))
    };
    let core = bytes(MemoryLevel::L1);
    let stream = plan.storage.metadata_bits + plan.storage.scale_bits;
    Case {
        name: format!("{} {scheme} {}", arch.name, method.name()),
        modelled: vec![bytes(MemoryLevel::L2), bytes(MemoryLevel::Dram)],
        replayed: replayed(arch, shape, &plan.programs[0], stream),
        in_core: core.0 + core.1,
    }
}

fn machine(name: &str, l1_kib: u64, l2_kib: u64) -> CpuArch {
    let mut arch = machine::load(Path::new(name)).unwrap();
    arch.caches.truncate(2);
    arch.caches[0].size_kib.value = l1_kib;
    arch.caches[1].size_kib.value = l2_kib;
    for cache in &mut arch.caches {
        cache.ways.value = 8;
    }
    arch
}

/// The replay differs by at most 5 % and a share of all slot bytes that is given for each machine.
/// Where a slot fills a line, sharing over whole layers is met best (2 %). Less well known is what
/// an average over windows smooths: methods that share in groups use their slots in bursts, and
/// small vectors share lines with others that are used at other times. No cache fetches more lines
/// than the core makes accesses.
#[test]
fn lines_of_slots_follow_the_programs_own_order() {
    // Machine, output side, shares of whole layers and of groups.
    let machines = [
        (machine("xeon-gold-6226", 8, 64), 16, 0.02, 0.27),
        (machine("xeon-gold-6226", 32, 256), 16, 0.02, 0.01),
        (machine("raspberry-pi-5", 16, 64), 8, 0.10, 0.01),
        (machine("apple-m1", 32, 128), 8, 0.12, 0.01),
    ];
    let mut missed = 0;
    for (machine, size, whole, groups) in machines {
        let (side, filters) = (size + 2, 64);
        let shape = LayerShape::convolution(64, filters, size, 3).unwrap();
        let shape = LayerShape { padding: 0, in_height: side, in_width: side, ..shape };
        let shape = shape.checked().unwrap();
        for scheme in [Scheme::Binary, Scheme::Ternary, Scheme::SignedBinary] {
            for (method, share) in
                [("shared-sum", whole), ("sum-merge", whole), ("q-gym", groups), ("ucnn", groups)]
            {
                let case = case(&machine, &shape, scheme, method);
                let vector = machine.core.simd_bits.value / 8;
                let accesses = case.in_core / vector;
                let line = machine.caches[0].line_bytes.value;
                for modelled in &case.modelled {
                    assert!(modelled.0 / line <= accesses, "{} fetches too much", case.name);
                }
                let (modelled, replayed) = (case.modelled[0].0, case.replayed[0].0);
                let bound = 0.05 * replayed as f64 + share * case.in_core as f64;
                let off = modelled.abs_diff(replayed) as f64;
                assert!(off <= bound, "{}: {modelled} bytes, replayed {replayed}", case.name);
                missed += usize::from(replayed > case.in_core / 4);
            }
        }
    }
    // The bounds mean something only where slots leave the cache.
    assert!(missed > 12, "{missed} programs miss");
}

/// The last stage of the shipped ResNet-20 on the machine of the quick start: what L2 serves for
/// partial sums is at most one line for every access of the core, whatever the method; and the
/// program of one layer, replayed as a whole through the same caches, reads 0.448 MB there.
#[test]
fn l2_serves_no_more_lines_than_the_core_accesses() {
    let arch = machine::load(Path::new("xeon-gold-6226")).unwrap();
    let workload = workload::load(Path::new("workloads/resnet20-cifar10.toml")).unwrap();
    let last = workload.layers().filter(|layer| layer.name.starts_with("layer3."));
    let layers: Vec<Layer> = last.cloned().collect();
    let options = PlanOptions::default();
    let mut rows = 0;
    for scheme in [Scheme::Binary, Scheme::Ternary, Scheme::SignedBinary] {
        let store = WeightStore::open(&workload.weights, scheme, 1).unwrap();
        for layer in &layers {
            let weights = store.layer(layer).unwrap();
            let request = PlanRequest::of_layer(layer, &weights, &options);
            for method in registry() {
                if method.applies(&request).is_err() {
                    continue;
                }
                let plan = method.plan(&request).unwrap();
                let Some(slots) = method.slot_reuse(&request, &plan, &[slots_a_line(&arch)]) else {
                    continue;
                };
                let counted = Counted::of(&plan, Some(&slots));
                let cost = cost_of(&arch, layer, request.bits, &counted).unwrap();
                let bytes = |level: MemoryLevel| {
                    let own =
                        |row: &&Traffic| row.level == level && row.tensor == Tensor::PartialSums;
                    cost.traffic
                        .iter()
                        .find(own)
                        .map_or((0, 0), |row| (row.read_bytes, row.write_bytes))
                };
                let (core, l2) = (bytes(MemoryLevel::L1), bytes(MemoryLevel::L2));
                let name = format!("{} {scheme} {}", layer.name, method.name());
                assert!(l2.0 <= core.0 + core.1, "{name}: {} bytes of {core:?}", l2.0);
                if name == "layer3.2.conv1 binary shared-sum" {
                    let off = l2.0 as f64 / 0.448e6;
                    assert!((0.95..=1.05).contains(&off), "{} bytes", l2.0);
                }
                rows += 1;
            }
        }
    }
    assert!(rows > 100, "{rows} programs");
}
