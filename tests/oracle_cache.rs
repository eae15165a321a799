//! Does the analytic cache traffic equal an exact LRU simulation of the same loop nest?

use std::path::Path;

use signloop::{
    arch::{self, Cache, CachePolicy, CpuArch, Sourced},
    method::{Execution, OpCounts, WeightStorage},
    model::{
        LayerWork, Tensor, gemm,
        lru::{LinkLines, Simulator},
        map,
        nest::{Access, Nest, Node},
        trace::trace,
        traffic::{capacity, links},
        work::Mapping,
    },
    workload::{LayerKind, LayerShape, OperandBits},
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
    LayerShape {
        kind: LayerKind::Conv,
        batch: 1,
        in_channels: channels,
        out_channels: filters,
        in_height: size,
        in_width: size,
        kernel_height: kernel,
        kernel_width: kernel,
        stride: 1,
        padding: kernel / 2,
        dilation: 1,
        groups: 1,
    }
    .checked()
    .unwrap()
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

#[test]
fn survey() {
    for (machine_name, arch) in machines() {
        for (layer_name, counted) in layers() {
            let (mapping, predicted) = map(&arch, &counted.work()).unwrap();
            let exact = simulate(&arch, &mapping.nest);
            let mut text = String::new();
            for (at, link) in predicted.iter().enumerate() {
                let (mine, theirs) = (total(link), total(exact.link(at)));
                let worst = error(mine.0 + mine.1, theirs.0 + theirs.1);
                text += &format!(
                    " | {}/{} vs {}/{} {:.1}%",
                    mine.0,
                    mine.1,
                    theirs.0,
                    theirs.1,
                    100.0 * worst
                );
                if worst > 0.05 {
                    for (buffer, (a, b)) in link.iter().zip(exact.link(at)).enumerate() {
                        text += &format!(
                            " [{} {}/{} {}/{}]",
                            mapping.nest.buffers[buffer].tensor.name(),
                            a.reads,
                            a.writes,
                            b.reads,
                            b.writes
                        );
                    }
                }
            }
            println!("{machine_name:10} {layer_name:24}{text}");
        }
    }
}
