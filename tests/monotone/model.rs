use std::path::Path;

use proptest::prelude::*;
use signloop::{
    cpu::{LayerCost, LayerWork, MemoryLevel, evaluate},
    machine as arch,
    machine::{CpuArch, Sourced},
    method::{Execution, OpCounts, WeightStorage},
    network::workload::{LayerKind, LayerShape, OperandBits},
};

/// How a cache grows: more ways, or twice the sets. Both keep every line that was kept before.
#[derive(Debug, Clone, Copy)]
enum Growth {
    Ways(u64),
    Sets,
}

fn grow(arch: &CpuArch, index: usize, growth: Growth) -> CpuArch {
    let mut grown = arch.clone();
    let cache = &mut grown.caches[index];
    let (size, ways) = match growth {
        Growth::Ways(factor) => (cache.size_kib.value * factor, cache.ways.value * factor),
        Growth::Sets => (cache.size_kib.value * 2, cache.ways.value),
    };
    cache.size_kib = Sourced::new(size, "test");
    cache.ways = Sourced::new(ways, "test");
    grown
}

#[derive(Debug, Clone)]
struct Layer {
    shape: LayerShape,
    bits: OperandBits,
    execution: Execution,
    counts: OpCounts,
    storage: WeightStorage,
}

impl Layer {
    fn cost(&self, arch: &CpuArch) -> LayerCost {
        let work = LayerWork {
            shape: &self.shape,
            bits: self.bits,
            execution: self.execution,
            counts: &self.counts,
            storage: &self.storage,
            slots: None,
        };
        evaluate(arch, &work).unwrap()
    }
}

fn layer() -> impl Strategy<Value = Layer> {
    let shape = (1_u64..5, 1_u64..80, 1_u64..80, 1_u64..20, 0_u64..3, 1_u64..3, 1_u64..3);
    let plan = (0_usize..3, 1_u64..100, 0_u64..300, 0_u64..64, any::<bool>());
    (shape, plan).prop_filter_map("an impossible shape", |(shape, plan)| {
        let (batch, channels, filters, size, half, stride, groups) = shape;
        let (execution, percent, nodes, live, wide) = plan;
        let shape = LayerShape {
            kind: LayerKind::Conv,
            batch,
            in_channels: channels * groups,
            out_channels: filters * groups,
            in_height: size,
            in_width: size,
            kernel_height: 2 * half + 1,
            kernel_width: 2 * half + 1,
            stride,
            padding: half,
            dilation: 1,
            groups,
        }
        .checked()
        .ok()?;
        let weights = shape.out_channels * shape.filter_len();
        let effectual = (weights * percent / 100).max(1);
        let words = shape.out_channels * shape.filter_len().div_ceil(64);
        let execution = [Execution::Gemm, Execution::BitSerial, Execution::Program][execution];
        let counts = match execution {
            Execution::Gemm => OpCounts { adds: weights, loads: weights, ..OpCounts::default() },
            Execution::BitSerial => {
                OpCounts { logic_ops: words, popcounts: words, adds: words, ..OpCounts::default() }
            }
            Execution::Program => OpCounts {
                adds: effectual,
                loads: effectual + nodes,
                stores: shape.out_channels + nodes,
                peak_live: live,
                ..OpCounts::default()
            },
        };
        let counts = OpCounts { scale_muls: shape.out_channels, ..counts };
        let storage = WeightStorage {
            weight_bits: if execution == Execution::BitSerial { 64 * words } else { weights },
            scale_bits: 32 * shape.out_channels,
            metadata_bits: if execution == Execution::Program { 16 * effectual } else { 0 },
        };
        let bits = OperandBits {
            activation: if wide && execution != Execution::BitSerial { 32 } else { 8 },
            weight: 1,
            accumulator: 32,
            output: 8,
        };
        Some(Layer { shape, bits, execution, counts, storage })
    })
}

fn machine() -> impl Strategy<Value = CpuArch> {
    let names = ["xeon-gold-6226", "epyc-7452", "raspberry-pi-4", "raspberry-pi-5", "apple-m1"];
    // Small layers meet real conditions only in caches that are small, too.
    (0..names.len(), prop::sample::select(vec![1_u64, 2, 4])).prop_map(move |(name, shrink)| {
        let mut arch = arch::load(Path::new(names[name])).unwrap();
        for (index, cache) in arch.caches.iter_mut().enumerate() {
            let size = (4 << (2 * index)) / shrink;
            let ways = 4 << index.min(2);
            cache.size_kib = Sourced::new(size.max(1), "test");
            cache.ways = Sourced::new(ways, "test");
        }
        arch
    })
}

fn growth() -> impl Strategy<Value = Growth> {
    prop_oneof![(2_u64..5).prop_map(Growth::Ways), Just(Growth::Sets)]
}

fn bytes(cost: &LayerCost, level: MemoryLevel) -> u64 {
    cost.traffic
        .iter()
        .filter(|row| row.level == level)
        .map(|row| row.read_bytes + row.write_bytes)
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_larger_cache_never_moves_more_from_memory(
        layer in layer(), arch in machine(), index in 0_usize..3, growth in growth()
    ) {
        let index = index.min(arch.caches.len() - 1);
        let before = bytes(&layer.cost(&arch), MemoryLevel::Dram);
        let after = bytes(&layer.cost(&grow(&arch, index, growth)), MemoryLevel::Dram);
        prop_assert!(after <= before, "{before} bytes became {after}");
    }

    #[test]
    fn a_larger_l1_never_moves_more_from_l2(layer in layer(), arch in machine(), growth in growth()) {
        let before = bytes(&layer.cost(&arch), MemoryLevel::L2);
        let after = bytes(&layer.cost(&grow(&arch, 0, growth)), MemoryLevel::L2);
        prop_assert!(after <= before, "{before} bytes became {after}");
    }

    #[test]
    fn fewer_adds_never_take_more_cycles_or_energy(
        layer in layer(), arch in machine(), share in 0_u64..100
    ) {
        let mut lighter = layer.clone();
        lighter.counts.adds = layer.counts.adds * share / 100;
        let (before, after) = (layer.cost(&arch), lighter.cost(&arch));
        prop_assert!(after.cycles.total <= before.cycles.total);
        prop_assert!(after.energy.total <= before.energy.total);
        prop_assert_eq!(after.traffic, before.traffic);
    }

    #[test]
    fn no_shape_and_no_count_panics(
        logs in prop::array::uniform8(0_u32..21), execution in 0_usize..3, count in any::<u64>(),
        arch in machine()
    ) {
        let [batch, channels, filters, height, width, kernel, stride, dilation] =
            logs.map(|log| 1_u64 << log);
        let shape = LayerShape {
            kind: LayerKind::Conv,
            batch,
            in_channels: channels,
            out_channels: filters,
            in_height: height,
            in_width: width,
            kernel_height: kernel,
            kernel_width: 1,
            stride,
            padding: kernel / 2,
            dilation,
            groups: 1,
        };
        let Ok(shape) = shape.checked() else { return Ok(()) };
        let counts = OpCounts {
            adds: count,
            multiplies: count / 3,
            scale_muls: count / 5,
            logic_ops: count / 7,
            popcounts: count,
            loads: count,
            stores: count / 2,
            halo_adds_total: 0,
            peak_live: count / 11,
        };
        let storage =
            WeightStorage { weight_bits: count / 13, scale_bits: count / 17, metadata_bits: count / 19 };
        let work = LayerWork {
            shape: &shape,
            bits: OperandBits { activation: 32, weight: 32, accumulator: 32, output: 32 },
            execution: [Execution::Gemm, Execution::BitSerial, Execution::Program][execution],
            counts: &counts,
            storage: &storage,
            slots: None,
        };
        // Either a cost or an error that names the count; never a panic.
        if let Err(error) = evaluate(&arch, &work) {
            prop_assert!(matches!(error, signloop::base::Error::Overflow(_)), "{error}");
        }
    }

    #[test]
    fn parts_add_up(layer in layer(), arch in machine()) {
        let cost = layer.cost(&arch);
        let cycles = &cost.cycles;
        prop_assert!(cycles.band.max_rule <= cycles.total && cycles.total <= cycles.band.sum_rule);
        let sum: f64 = cycles.parts.iter().map(|part| part.cycles.0).sum();
        prop_assert!((sum - cycles.band.sum_rule.0).abs() <= 1e-9 * sum);
        let energy = &cost.energy;
        let parts = energy.compute.0
            + energy.levels.iter().map(|(_, part)| part.0).sum::<f64>()
            + energy.dram.0
            + energy.instruction_overhead.0
            + energy.static_energy.0;
        prop_assert!((parts - energy.total.0).abs() <= 1e-9 * parts);
        for fact in &cost.facts {
            prop_assert!(fact.value.is_finite() && !fact.source.is_empty(), "{fact:?}");
        }
        // Whatever the blocking, memory delivers the inputs and takes the outputs at least once.
        let outputs = layer.shape.output_elements() * u64::from(layer.bits.output) / 8;
        let written: u64 = cost
            .traffic
            .iter()
            .filter(|row| row.level == MemoryLevel::Dram)
            .map(|row| row.write_bytes)
            .sum();
        prop_assert!(written >= outputs, "{written} of {outputs} bytes");
        prop_assert!(parts.is_finite() && cost.time_us.0 > 0.0);
    }
}
