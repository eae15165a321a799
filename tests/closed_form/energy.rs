//! Every part of the processor model's energy, derived by hand for the made-up processor.

use super::processor::{
    EnergyBreakdown, Evaluator, Execution, Instructions, LayerShape, LayerWork, MemoryLevel,
    Microseconds, OpCounts, OperandBits, Tensor, Traffic, WeightStorage, add_pj, bits, energy,
    equal, evaluate, floats, instructions, processor, traffic,
};

const COUNTS: OpCounts = OpCounts {
    adds: 7,
    multiplies: 11,
    scale_muls: 13,
    logic_ops: 17,
    popcounts: 19,
    loads: 0,
    stores: 0,
    halo_adds_total: 0,
    peak_live: 0,
};

/// Half a microsecond.
const TIME: Microseconds = Microseconds(0.5);

/// Energy of a fully connected layer of 3 images, and so 3 output positions.
fn spent(
    bits: OperandBits,
    counts: &OpCounts,
    instructions: &Instructions,
    traffic: &[Traffic],
    time: Microseconds,
) -> EnergyBreakdown {
    let shape = LayerShape::linear(3, 5, 2).unwrap();
    assert_eq!(shape.positions(), 3);
    let storage = WeightStorage::default();
    let execution = Execution::Gemm;
    let work = LayerWork { shape: &shape, bits, execution, counts, storage: &storage, slots: None };
    energy(&processor(), &work, instructions, traffic, time).unwrap()
}

fn computed(bits: OperandBits, counts: OpCounts) -> f64 {
    let found = spent(bits, &counts, &Instructions::default(), &[], Microseconds(0.0));
    equal("total of compute alone", found.total.0, found.compute.0);
    found.compute.0
}

fn moved(traffic: &[Traffic], time: Microseconds) -> EnergyBreakdown {
    let none = OpCounts::default();
    spent(bits(32), &none, &Instructions::default(), traffic, time)
}

fn row(level: MemoryLevel, read_bytes: u64, write_bytes: u64) -> Traffic {
    Traffic { level, tensor: Tensor::Inputs, read_bytes, write_bytes }
}

/// 3 positions of 7 adds: 21 * 0.11, 21 * 0.23 and 21 * 0.41 pJ; 21 * 0.97 of floats.
#[test]
fn adds_cost_what_their_width_costs() {
    let adds = OpCounts { adds: 7, ..OpCounts::default() };
    for (accumulator, derived) in
        [(1, 2.31), (8, 2.31), (9, 4.83), (16, 4.83), (17, 8.61), (32, 8.61)]
    {
        equal("adds", computed(bits(accumulator), adds), derived);
    }
    equal("fp32 adds", computed(floats(), adds), 20.37);
    let narrow = OperandBits { accumulator: 8, ..floats() };
    equal("fp32 adds", computed(narrow, adds), 20.37);
    let (shape, storage) = (LayerShape::linear(3, 5, 2).unwrap(), WeightStorage::default());
    let pj = |bits| {
        let (counts, execution) = (&adds, Execution::Gemm);
        add_pj(
            &processor(),
            &LayerWork { shape: &shape, bits, execution, counts, storage: &storage, slots: None },
        )
    };
    equal("int8", pj(bits(8)), 0.11);
    equal("int16", pj(bits(16)), 0.23);
    equal("int32", pj(bits(32)), 0.41);
    equal("fp32", pj(floats()), 0.97);
}

/// 3 positions each: 11 and 13 multiplies of 3.1 pJ, 17 bitwise operations of 0.59, 19 counts of
/// 0.67.
#[test]
fn every_class_of_operations_has_its_own_energy() {
    let none = OpCounts::default();
    equal("multiplies", computed(bits(32), OpCounts { multiplies: 11, ..none }), 102.3);
    equal("scales", computed(bits(32), OpCounts { scale_muls: 13, ..none }), 120.9);
    equal("logic", computed(bits(32), OpCounts { logic_ops: 17, ..none }), 30.09);
    equal("popcounts", computed(bits(32), OpCounts { popcounts: 19, ..none }), 38.19);
    // Loads and stores are charged as instructions and as accesses, not as operations.
    let others = OpCounts { loads: 23, stores: 29, peak_live: 31, halo_adds_total: 37, ..none };
    equal("others", computed(bits(32), others), 0.0);
    // 8.61 + 102.3 + 120.9 + 30.09 + 38.19.
    equal("all", computed(bits(32), COUNTS), 300.09);
}

/// L1, 8 bytes an access: 800 / 8 = 100 reads of 43 pJ; it takes 160 bytes from the core and
/// the 2784 that L2 serves: 2944 / 8 = 368 writes of 47. 4300 + 17,296 = 21,596.
/// L2, 16 bytes: 2784 / 16 = 174 reads of 53; 992 + 1184 = 2176, 136 writes of 59. 9222 + 8024.
/// L3, 64 bytes: 1184 / 64 = 18.5 reads of 61; 2624 + 6400 = 9024, 141 writes of 67. 1128.5 + 9447.
#[test]
fn caches_pay_for_reads_writes_and_fills() {
    let found = moved(&traffic(), Microseconds(0.0));
    let levels: Vec<MemoryLevel> = found.levels.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [MemoryLevel::L1, MemoryLevel::L2, MemoryLevel::L3]);
    for ((level, own), derived) in found.levels.iter().zip([21_596.0, 17_246.0, 10_575.5]) {
        equal(level.name(), own.0, derived);
    }
}

/// One direction at a time, of one level: 640 bytes.
#[test]
fn a_level_charges_itself_and_the_level_that_it_fills() {
    let all = |level, read, write| -> [f64; 3] {
        let found = moved(&[row(level, read, write)], Microseconds(0.0));
        std::array::from_fn(|index| found.levels[index].1.0)
    };
    // 640 / 8 = 80: times 43 read, times 47 written.
    assert_eq!(all(MemoryLevel::L1, 640, 0), [3440.0, 0.0, 0.0]);
    assert_eq!(all(MemoryLevel::L1, 0, 640), [3760.0, 0.0, 0.0]);
    // 640 / 16 = 40: times 53 read, which fills L1 with 80 writes of 47; times 59 written.
    assert_eq!(all(MemoryLevel::L2, 640, 0), [3760.0, 2120.0, 0.0]);
    assert_eq!(all(MemoryLevel::L2, 0, 640), [0.0, 2360.0, 0.0]);
    // 640 / 64 = 10: times 61 read, which fills L2; times 67 written.
    assert_eq!(all(MemoryLevel::L3, 640, 0), [0.0, 2360.0, 610.0]);
    assert_eq!(all(MemoryLevel::L3, 0, 640), [0.0, 0.0, 670.0]);
    // Memory fills L3.
    assert_eq!(all(MemoryLevel::Dram, 640, 0), [0.0, 0.0, 670.0]);
    assert_eq!(all(MemoryLevel::Dram, 0, 640), [0.0, 0.0, 0.0]);
}

/// 8000 bytes: 64,000 bits of 7.9 pJ are 505,600. 8000 / 1024 = 7.8…, so 8 rows are opened, 1.3 nJ
/// each: 10,400 pJ. 83 mW for 0.5 us are 41.5 nJ: 41,500 pJ. 557,500 in all.
#[test]
fn memory_pays_for_bits_rows_and_background() {
    let found = moved(&traffic(), TIME);
    equal("memory", found.dram.0, 557_500.0);
    let bytes = |read, write, time| {
        moved(&[row(MemoryLevel::Dram, read, write)], Microseconds(time)).dram.0
    };
    equal("nothing", bytes(0, 0, 0.0), 0.0);
    equal("background", bytes(0, 0, 2.0), 166_000.0);
    // 1024 bytes are one row, 1056 two: 8192 * 7.9 + 1300 and 8448 * 7.9 + 2600.
    equal("a row", bytes(1024, 0, 0.0), 66_016.8);
    equal("a row written", bytes(0, 1024, 0.0), 66_016.8);
    equal("two rows", bytes(1024, 32, 0.0), 69_339.2);
}

/// 7360 instructions of 6.1 pJ; 2.9 W for 0.5 us are 1.45 uJ. The total is the sum of all parts:
/// 300.09 + 21,596 + 17,246 + 10,575.5 + 557,500 + 44,896 + 1,450,000.
#[test]
fn instructions_static_power_and_the_total() {
    let found = spent(bits(32), &COUNTS, &instructions(), &traffic(), TIME);
    equal("compute", found.compute.0, 300.09);
    equal("instructions", found.instruction_overhead.0, 44_896.0);
    equal("static", found.static_energy.0, 1_450_000.0);
    equal("total", found.total.0, 2_102_113.59);
}

/// A layer of 4 inputs and 8 outputs from counts to energy. One vector of 256 bits holds 8 sums of
/// 32 bits: 29 adds are 4 instructions, 8 scale multiplies one. 4 steps load a position and a
/// vector of weights, 8 loads, and one vector packs the inputs: 9 loads, 1 store, and 1 store of
/// the outputs. In lines of 32 bytes: inputs, packed inputs, weights, 8 scales and outputs are 5
/// lines that come in; packed inputs and outputs, 2, go back.
#[test]
fn a_layer_from_counts_to_energy() {
    let shape = LayerShape::linear(1, 4, 8).unwrap();
    let counts = OpCounts { adds: 29, scale_muls: 8, ..OpCounts::default() };
    let storage = WeightStorage { weight_bits: 32, scale_bits: 256, metadata_bits: 0 };
    let execution = Execution::Gemm;
    let work = LayerWork {
        shape: &shape,
        bits: bits(32),
        execution,
        counts: &counts,
        storage: &storage,
        slots: None,
    };
    let arch = processor();
    let found = evaluate(&arch, &work).unwrap();
    // Registers: 4 bytes of weights, 32 of scales, 4 of inputs and 4 packed are read; 4 packed and
    // 8 of outputs written.
    let level = |level| {
        let rows = found.traffic.iter().filter(|row| row.level == level);
        rows.fold((0, 0), |(read, write), row| (read + row.read_bytes, write + row.write_bytes))
    };
    assert_eq!(level(MemoryLevel::L1), (44, 12));
    for far in [MemoryLevel::L2, MemoryLevel::L3, MemoryLevel::Dram] {
        assert_eq!(level(far), (160, 64), "{far:?}");
    }
    // 4 adds, 1 multiply, 9 loads, 2 stores.
    assert_eq!(found.instructions, 16);
    // 9 / 19 loads, 160 / 29 + 64 / 31 of L2, 224 / 20 + 5 * 0.7 of memory, in turn.
    let in_turn = 9.0 / 19.0 + 160.0 / 29.0 + 64.0 / 31.0 + 14.7;
    equal("cycles", found.cycles.total.0, in_turn);
    equal("arithmetic", found.cycles.parts[0].cycles.0, 4.0 / 5.0 + 1.0 / 11.0);
    // 1.7 GHz are 1700 cycles a microsecond.
    let time = in_turn / 1700.0;
    equal("time", found.time_us.0, time);
    let energy = &found.energy;
    // 29 * 0.41 + 8 * 3.1.
    equal("compute", energy.compute.0, 36.69);
    // 44 / 8 * 43 + (12 + 160) / 8 * 47; 160 / 16 * 53 + 224 / 16 * 59; 160 / 64 * 61 + 224 / 64 *
    // 67.
    for ((level, own), derived) in energy.levels.iter().zip([1247.0, 1356.0, 387.0]) {
        equal(level.name(), own.0, derived);
    }
    // 224 * 8 * 7.9 + one row of 1300, and 83 mW.
    equal("memory", energy.dram.0, 14_156.8 + 1300.0 + 83_000.0 * time);
    equal("instructions", energy.instruction_overhead.0, 97.6);
    equal("static", energy.static_energy.0, 2.9e6 * time);
    // 36.69 + 1247 + 1356 + 387 + 15,456.8 + 97.6, and 2.983 W.
    equal("total", energy.total.0, 18_581.09 + 2.983e6 * time);
    // The evaluator that keeps what it knows says the same, without the explanations.
    let again = Evaluator::new(work).cost(&arch).unwrap();
    assert_eq!(
        (&again.traffic, &again.cycles, &again.energy),
        (&found.traffic, &found.cycles, energy)
    );
    assert!(again.facts.is_empty() && !found.facts.is_empty());
}
