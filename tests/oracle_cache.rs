//! Does the analytic cache traffic equal an exact LRU simulation of the same loop nest?

use std::path::Path;

use signloop::{
    cpu::{
        LayerWork, Tensor, map,
        traffic::{
            blocking, capacity, gemm, links,
            lru::{LinkLines, Simulator},
            nest::{Access, Nest, Node},
            trace::trace,
            work::LayerNest,
        },
    },
    machine as arch,
    machine::{Cache, CachePolicy, CpuArch, Sourced},
    method::{Execution, OpCounts, WeightStorage},
    network::workload::{LayerShape, OperandBits},
};

/// Size in KiB, ways and policy of a cache.
type Level = (u64, u64, CachePolicy);

use CachePolicy::{Inclusive, NonInclusive, Victim};

/// A machine with tiny caches, so that small layers meet every layer condition.
fn machine(levels: &[Level]) -> CpuArch {
    let mut arch = arch::load(Path::new("xeon-gold-6226")).unwrap();
    arch.caches = arch.caches[..levels.len()].to_vec();
    for (cache, (size, ways, policy)) in arch.caches.iter_mut().zip(levels) {
        *cache = Cache {
            size_kib: Sourced::new(*size, "test"),
            ways: Sourced::new(*ways, "test"),
            policy: Sourced::new(*policy, "test"),
            ..cache.clone()
        };
    }
    arch
}

fn conv(channels: u64, filters: u64, size: u64, kernel: u64) -> LayerShape {
    LayerShape::convolution(channels, filters, size, kernel).unwrap()
}

const INT8: OperandBits = OperandBits { activation: 8, weight: 1, accumulator: 32, output: 8 };
const FP32: OperandBits = OperandBits { activation: 32, weight: 32, accumulator: 32, output: 32 };

struct Counted {
    shape: LayerShape,
    bits: OperandBits,
    execution: Execution,
    counts: OpCounts,
    storage: WeightStorage,
}

impl Counted {
    fn work(&self) -> LayerWork<'_> {
        LayerWork {
            shape: &self.shape,
            bits: self.bits,
            execution: self.execution,
            counts: &self.counts,
            storage: &self.storage,
            slots: None,
        }
    }
}

fn dense(shape: LayerShape, bits: OperandBits) -> Counted {
    let (filters, length) = (shape.out_channels, shape.filter_len());
    Counted {
        shape,
        bits,
        execution: Execution::Gemm,
        counts: OpCounts {
            adds: filters * (length - 1),
            scale_muls: filters,
            loads: filters * length,
            stores: filters,
            ..OpCounts::default()
        },
        storage: WeightStorage {
            weight_bits: filters * length * u64::from(bits.weight),
            scale_bits: 32 * filters,
            metadata_bits: 0,
        },
    }
}

fn bit_packed(shape: LayerShape) -> Counted {
    let words = shape.filter_len().div_ceil(64) * shape.out_channels;
    Counted {
        execution: Execution::BitSerial,
        bits: OperandBits { activation: 1, weight: 1, accumulator: 32, output: 8 },
        counts: OpCounts {
            logic_ops: words,
            popcounts: words,
            adds: words,
            scale_muls: shape.out_channels,
            ..OpCounts::default()
        },
        storage: WeightStorage { weight_bits: 64 * words, scale_bits: 32, metadata_bits: 0 },
        shape,
    }
}

/// A program that reads `percent` of the weights and keeps `live` sums, stored `nodes` times.
fn program(shape: LayerShape, bits: OperandBits, percent: u64, nodes: u64, live: u64) -> Counted {
    let effectual = (shape.out_channels * shape.filter_len() * percent / 100).max(1);
    Counted {
        shape,
        bits,
        execution: Execution::Program,
        counts: OpCounts {
            adds: effectual,
            scale_muls: shape.out_channels,
            loads: effectual + 2 * nodes,
            stores: shape.out_channels + nodes,
            peak_live: live,
            ..OpCounts::default()
        },
        storage: WeightStorage {
            weight_bits: 0,
            scale_bits: 32 * shape.out_channels,
            metadata_bits: 16 * effectual,
        },
    }
}

fn simulate(arch: &CpuArch, nest: &Nest) -> Simulator {
    let caches: Vec<_> =
        arch.caches.iter().map(|cache| (capacity(cache), cache.policy.value)).collect();
    let mut simulator = Simulator::new(&caches, nest.buffers.len());
    trace(nest, arch.caches[0].line_bytes.value, |line, buffer, write| {
        simulator.access(line, buffer, write);
    });
    simulator.drain();
    simulator
}

fn total(link: &[LinkLines]) -> (u64, u64) {
    link.iter().fold((0, 0), |(reads, writes), line| (reads + line.reads, writes + line.writes))
}

fn error(predicted: u64, exact: u64) -> f64 {
    (predicted as f64 - exact as f64).abs() / (exact as f64).max(1.0)
}

/// The machines: name and levels.
fn machines() -> Vec<(&'static str, CpuArch)> {
    vec![
        ("tiny", machine(&[(1, 4, NonInclusive), (4, 8, NonInclusive)])),
        ("small", machine(&[(2, 8, NonInclusive), (16, 8, NonInclusive)])),
        ("odd", machine(&[(3, 6, NonInclusive), (24, 12, NonInclusive)])),
        ("inclusive", machine(&[(2, 4, NonInclusive), (32, 16, Inclusive)])),
        ("victim", machine(&[(2, 8, NonInclusive), (8, 8, NonInclusive), (32, 16, Victim)])),
        ("wide victim", machine(&[(2, 8, NonInclusive), (32, 16, NonInclusive), (64, 16, Victim)])),
        ("three", machine(&[(2, 8, NonInclusive), (16, 8, NonInclusive), (64, 16, NonInclusive)])),
        ("one", machine(&[(8, 8, NonInclusive)])),
    ]
}

fn layers() -> Vec<(&'static str, Counted)> {
    let strided = LayerShape { stride: 2, ..conv(16, 32, 16, 3) }.checked().unwrap();
    let grouped = LayerShape { groups: 2, ..conv(16, 16, 12, 3) }.checked().unwrap();
    let linear = LayerShape::linear(1, 512, 64).unwrap();
    vec![
        ("gemm int8 16x16 12", dense(conv(16, 16, 12, 3), INT8)),
        ("gemm fp32 16x32 12", dense(conv(16, 32, 12, 3), FP32)),
        ("gemm fp32 64x64 6", dense(conv(64, 64, 6, 3), FP32)),
        ("gemm fp32 strided", dense(strided, FP32)),
        ("gemm int8 grouped", dense(grouped, INT8)),
        ("gemm fp32 1x1", dense(conv(64, 64, 8, 1), FP32)),
        ("gemm fp32 linear", dense(linear, FP32)),
        ("bit-packed 64x64 8", bit_packed(conv(64, 64, 8, 3))),
        ("program int8 16x16 12", program(conv(16, 16, 12, 3), INT8, 35, 0, 0)),
        ("program fp32 16x16 16", program(conv(16, 16, 16, 3), FP32, 35, 0, 0)),
        ("program fp32 8x32 32", program(conv(8, 32, 32, 3), FP32, 35, 0, 0)),
        ("program temporaries", program(conv(16, 32, 16, 3), FP32, 20, 200, 60)),
        ("program strided", program(strided, FP32, 35, 0, 0)),
        ("program grouped", program(grouped, FP32, 35, 0, 0)),
        ("program 64x64 7", program(conv(64, 64, 7, 3), INT8, 35, 100, 20)),
    ]
}

/// Pairs that lie on the edge of a layer condition, where lines of one set survive or not by the
/// order of single touches, or where a tiny L2 is refreshed by write-backs of L1. The model is held
/// to a wider bound there; everywhere else to 5 %.
const ON_THE_EDGE: &[(&str, &str)] = &[
    ("tiny", "bit-packed 64x64 8"),
    ("tiny", "program fp32 8x32 32"),
    ("small", "gemm fp32 strided"),
    ("small", "gemm int8 grouped"),
    ("small", "program temporaries"),
    ("odd", "gemm int8 16x16 12"),
    ("odd", "gemm fp32 16x32 12"),
    ("odd", "program grouped"),
    ("inclusive", "program grouped"),
    ("victim", "gemm int8 grouped"),
    ("victim", "gemm fp32 linear"),
    ("victim", "bit-packed 64x64 8"),
    ("victim", "program fp32 16x16 16"),
    ("victim", "program fp32 8x32 32"),
    ("victim", "program temporaries"),
    ("victim", "program strided"),
    ("victim", "program grouped"),
    ("victim", "program 64x64 7"),
    ("wide victim", "gemm int8 grouped"),
    ("three", "gemm int8 grouped"),
    ("three", "program temporaries"),
    ("one", "program temporaries"),
    ("one", "program strided"),
    ("one", "program 64x64 7"),
];

/// Pairs in which every buffer either fits a cache or streams through it, so that the condition
/// decides alike for all sets and the counts must be equal, buffer by buffer and link by link.
const EXACT: &[(&str, &str)] = &[
    ("tiny", "gemm int8 16x16 12"),
    ("tiny", "gemm fp32 64x64 6"),
    ("tiny", "gemm fp32 linear"),
    ("tiny", "program strided"),
    ("small", "gemm fp32 16x32 12"),
    ("small", "gemm fp32 1x1"),
    ("small", "gemm fp32 linear"),
    ("odd", "gemm fp32 64x64 6"),
    ("odd", "gemm fp32 linear"),
    ("odd", "program strided"),
    ("inclusive", "gemm fp32 16x32 12"),
    ("inclusive", "gemm fp32 strided"),
    ("inclusive", "gemm fp32 1x1"),
    ("inclusive", "gemm fp32 linear"),
    ("inclusive", "program strided"),
    ("victim", "gemm fp32 16x32 12"),
    ("wide victim", "gemm fp32 16x32 12"),
    ("wide victim", "gemm fp32 strided"),
    ("wide victim", "gemm fp32 1x1"),
    ("wide victim", "gemm fp32 linear"),
    ("wide victim", "program strided"),
    ("three", "gemm fp32 16x32 12"),
    ("three", "gemm fp32 strided"),
    ("three", "gemm fp32 1x1"),
    ("three", "gemm fp32 linear"),
    ("one", "gemm int8 16x16 12"),
    ("one", "gemm int8 grouped"),
    ("one", "gemm fp32 1x1"),
    ("one", "gemm fp32 linear"),
    ("one", "bit-packed 64x64 8"),
    ("one", "program int8 16x16 12"),
];

/// Greatest relative error over the links of a nest, in lines read and written, and whether every
/// buffer agrees on every link.
fn compare(arch: &CpuArch, mapping: &LayerNest, predicted: &[Vec<LinkLines>]) -> (f64, bool) {
    let simulator = simulate(arch, &mapping.nest);
    let mut greatest = 0.0_f64;
    let mut exact = true;
    for (at, link) in predicted.iter().enumerate() {
        let (mine, theirs) = (total(link), total(simulator.link(at)));
        greatest = greatest.max(error(mine.0 + mine.1, theirs.0 + theirs.1));
        exact &= link[..] == *simulator.link(at);
    }
    (greatest, exact)
}

#[test]
fn traffic_equals_the_oracle_within_five_percent() {
    let mut within = 0;
    for (machine, arch) in machines() {
        for (layer, counted) in layers() {
            let (mapping, predicted) = map(&arch, &counted.work()).unwrap();
            let (worst, exact) = compare(&arch, &mapping, &predicted);
            let edge = ON_THE_EDGE.contains(&(machine, layer));
            let bound = if edge { 0.4 } else { 0.05 };
            assert!(worst <= bound, "{machine}, {layer}: off by {:.1} %", 100.0 * worst);
            if EXACT.contains(&(machine, layer)) {
                assert!(exact, "{machine}, {layer}: some buffer differs");
            }
            within += u32::from(worst <= 0.05);
        }
    }
    assert!(within >= 90, "only {within} pairs are within 5 %");
}

#[test]
fn blockings_that_are_not_chosen_are_right_too() {
    // The search takes the blocking with the least predicted traffic, which favours errors that
    // flatter; so every blocking is held against the oracle, not only the winners.
    let arch = machine(&[(2, 8, NonInclusive), (16, 8, NonInclusive)]);
    let (mut within, mut all) = (0, 0);
    for counted in [dense(conv(16, 32, 12, 3), FP32), dense(conv(64, 64, 6, 3), FP32)] {
        let work = counted.work();
        for blocking in blocking::candidates(&arch, &work) {
            let mapping = gemm::layer_nest(&arch, &work, blocking).unwrap();
            let predicted = links(&arch, &mapping.nest).unwrap();
            let (worst, _) = compare(&arch, &mapping, &predicted);
            within += u32::from(worst <= 0.05);
            all += 1;
            println!("{blocking:?}: off by {:.1} %", 100.0 * worst);
        }
    }
    assert!(10 * within >= 8 * all, "only {within} of {all} blockings are within 5 %");
}

#[test]
fn fills_of_a_level_are_the_misses_of_the_level_above() {
    for (machine, arch) in machines() {
        for (layer, counted) in layers() {
            let (mapping, predicted) = map(&arch, &counted.work()).unwrap();
            let simulator = simulate(&arch, &mapping.nest);
            for at in 0..arch.caches.len() {
                let (_, misses) = simulator.fills_and_misses(at);
                let next_is_victim =
                    arch.caches.get(at + 1).is_some_and(|next| next.policy.value == Victim);
                let here = arch.caches[at].policy.value;
                // Lines that a victim cache does not hold come past it, straight from beyond.
                let mut filled = total(simulator.link(at)).0;
                let mut modelled = total(&predicted[at]).0;
                if next_is_victim {
                    filled += total(simulator.link(at + 1)).0;
                    modelled += total(&predicted[at + 1]).0;
                    // Every fill of the nearer cache ends as one eviction.
                    assert_eq!(modelled, total(&predicted[at]).1, "{machine}, {layer}");
                } else if at + 1 < arch.caches.len() {
                    // In the model, too, a level reads no more from below than it serves above.
                    let below = total(&predicted[at + 1]).0;
                    assert!(below <= modelled, "{machine}, {layer}");
                }
                assert!(modelled > 0);
                assert_eq!(filled, misses, "{machine}, {layer}, cache {at} ({here:?})");
            }
        }
    }
}

#[test]
fn a_stream_and_a_cycle_by_hand() {
    // 8 sets of 4 ways hold 32 lines. Cycling ten times over 32 lines misses 32 times; over 40
    // lines every set sees 5 lines in turn, and LRU misses all 400.
    for (lines, misses) in [(32, 32), (40, 400)] {
        let mut nest = Nest::default();
        let cycle = nest.add_loop("cycle", 10);
        let step = nest.add_loop("step", lines);
        let buffer = nest.add_buffer(Tensor::Weights, 64 * lines, 64).unwrap();
        let touch = nest.add_touch(buffer, Access::Read, (64, &[]), &[(cycle, 0), (step, 64)]);
        nest.body = vec![Node::Loop(cycle, vec![Node::Loop(step, vec![Node::Touch(touch)])])];
        let arch = machine(&[(2, 4, NonInclusive)]);
        let expected = LinkLines { reads: misses, writes: 0 };
        assert_eq!(links(&arch, &nest).unwrap(), vec![vec![expected]]);
        assert_eq!(simulate(&arch, &nest).link(0), [expected]);
    }
}

#[test]
fn an_inclusive_cache_drops_lines_above_and_a_victim_cache_does_not_hold_them() {
    let capacity =
        |sets, ways| signloop::cpu::traffic::residency::Capacity { sets, ways, line: 64 };
    // One set of two ways below one set of four: touching 0 keeps it in L1 but lets it age in L2.
    let mut inclusive =
        Simulator::new(&[(capacity(1, 2), NonInclusive), (capacity(1, 4), Inclusive)], 1);
    for line in [0, 1, 0, 2, 0, 3, 0, 4, 0] {
        inclusive.access(line, 0, false);
    }
    // Line 4 evicts line 0 from L2 and so from L1: it is fetched twice, lines 1 to 4 once.
    assert_eq!(inclusive.link(1)[0].reads, 6);
    let mut victim = Simulator::new(&[(capacity(1, 2), NonInclusive), (capacity(1, 2), Victim)], 1);
    for round in 0..3 {
        for line in 0..4 {
            victim.access(line, 0, round == 0);
        }
    }
    // Two lines and two victims hold all four: memory is read once a line.
    assert_eq!(victim.link(1)[0].reads, 4);
    assert_eq!(victim.link(0)[0].reads, 8);
    victim.drain();
    assert_eq!(victim.link(1)[0].writes, 4);
}
