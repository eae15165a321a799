//! Every part of the processor model's cycles, derived by hand for the made-up processor.

use super::processor::{
    CpuArch, CycleBreakdown, Cycles, Instructions, KernelCycles, KernelWork, MemoryLevel,
    OperandBits, Tensor, Traffic, adds_per_cycle, bits, bytes, cycles, equal, floats, instructions,
    kernel_cycles, level_bytes, popcount_instructions, processor, product, scaled, traffic,
};

fn part(breakdown: &CycleBreakdown, name: &str) -> f64 {
    breakdown.parts.iter().find(|part| part.name == name).unwrap().cycles.0
}

fn run(arch: &CpuArch, instructions: &Instructions, traffic: &[Traffic]) -> CycleBreakdown {
    cycles(arch, bits(32), instructions, traffic).unwrap()
}

/// Cycles of one part where nothing but `instructions` happens.
fn alone(name: &str, bits: OperandBits, instructions: Instructions) -> f64 {
    let breakdown = cycles(&processor(), bits, &instructions, &[]).unwrap();
    let all: f64 = breakdown.parts.iter().map(|part| part.cycles.0).sum();
    equal("the other parts", all, part(&breakdown, name));
    part(&breakdown, name)
}

/// Sums of up to 8 bits take the 8-bit adds, up to 16 bits the 16-bit ones, all wider ones the
/// 32-bit ones; floats their own, whatever the sums.
#[test]
fn adds_run_at_the_width_of_their_sums() {
    let none = Instructions::default();
    let adds = Instructions { adds: 210, ..none };
    // 210 / 2, 210 / 3, 210 / 5, 210 / 7.
    for (accumulator, derived) in [(1, 105.0), (8, 105.0), (9, 70.0), (16, 70.0), (17, 42.0)] {
        equal("adds", alone("arithmetic", bits(accumulator), adds), derived);
    }
    equal("32-bit adds", alone("arithmetic", bits(32), adds), 42.0);
    equal("fp32 adds", alone("arithmetic", floats(), adds), 30.0);
    let narrow = OperandBits { accumulator: 8, ..floats() };
    equal("fp32 adds", alone("arithmetic", narrow, adds), 30.0);
    let rates = [(8, 2.0), (16, 3.0), (32, 5.0)];
    for (accumulator, rate) in rates {
        equal("adds per cycle", adds_per_cycle(&processor(), bits(accumulator)), rate);
    }
    equal("adds per cycle", adds_per_cycle(&processor(), floats()), 7.0);
}

/// 1100 / 11 multiply-adds, 2600 / 13 bitwise operations, 850 / 17 words whose ones are counted,
/// and the longer of 1900 / 19 loads and 1150 / 23 stores. The 400 instructions that count the
/// words take no time of their own.
#[test]
fn every_class_of_instructions_has_its_own_rate() {
    let none = Instructions::default();
    let all = instructions();
    let of = |name, own| alone(name, bits(32), own);
    let Instructions { multiply_adds, logic, popcount_words, popcounts, loads, stores, .. } = all;
    equal("multiply-adds", of("arithmetic", Instructions { multiply_adds, ..none }), 100.0);
    equal("logic", of("arithmetic", Instructions { logic, ..none }), 200.0);
    equal("popcount", of("popcount", Instructions { popcount_words, ..none }), 50.0);
    equal("popcounts", of("popcount", Instructions { popcounts, ..none }), 0.0);
    equal("loads", of("load-store", Instructions { loads, ..none }), 100.0);
    equal("stores", of("load-store", Instructions { stores, ..none }), 50.0);
    equal("both", of("load-store", Instructions { loads, stores, ..none }), 100.0);
    // 4600 / 23 = 200 stores are longer than the 100 cycles of loads.
    equal("stores", of("load-store", Instructions { loads, stores: 4600, ..none }), 200.0);
    // Adds, multiply-adds and bitwise operations share ports: 42 + 100 + 200.
    equal("arithmetic", part(&run(&processor(), &all, &[]), "arithmetic"), 342.0);
}

/// L2: 2784 / 29 = 96 read and 992 / 31 = 32 written, one after the other: 128. L3 is full duplex:
/// the longer of 1184 / 37 = 32 and 2624 / 41 = 64. L1 takes part as load and store ports alone.
#[test]
fn every_cache_moves_bytes_at_its_own_rate() {
    let mut arch = processor();
    let found = run(&arch, &Instructions::default(), &traffic());
    equal("L2", part(&found, "L2"), 128.0);
    equal("L3", part(&found, "L3"), 64.0);
    equal("load-store", part(&found, "load-store"), 0.0);
    let names: Vec<&str> = found.parts.iter().map(|part| part.name).collect();
    assert_eq!(names, ["arithmetic", "popcount", "load-store", "L2", "L3", "DRAM"]);
    arch.caches[1].full_duplex.value = true;
    arch.caches[2].full_duplex.value = false;
    let found = run(&arch, &Instructions::default(), &traffic());
    equal("L2 at full duplex", part(&found, "L2"), 96.0);
    equal("L3 in turn", part(&found, "L3"), 96.0);
}

/// (6400 + 1600) bytes at 34 / 1.7 = 20 bytes a cycle are 400 cycles; 6400 / 32 = 200 lines are
/// waited for, 0.7 cycles each: 140. Written lines are not waited for.
#[test]
fn memory_takes_the_bandwidth_of_one_core_and_a_penalty_a_line() {
    let mut arch = processor();
    let found = run(&arch, &Instructions::default(), &traffic());
    equal("DRAM", part(&found, "DRAM"), 540.0);
    arch.dram.penalty_cycles_per_line.value = 0.0;
    let found = run(&arch, &Instructions::default(), &traffic());
    equal("DRAM without a penalty", part(&found, "DRAM"), 400.0);
    // At 3.4 GHz a cycle brings 10 bytes.
    arch.core.clock_ghz.value = 3.4;
    let found = run(&arch, &Instructions::default(), &traffic());
    equal("DRAM at twice the clock", part(&found, "DRAM"), 800.0);
}

/// Parts: arithmetic 342, popcount 50, load-store 100, L2 128, L3 64, DRAM 540.
/// In turn: 100 + 128 + 540 = 768. Hidden: at most 342. All: 1224.
#[test]
fn overlapping_parts_hide_and_the_others_add_up() {
    let found = run(&processor(), &instructions(), &traffic());
    equal("total", found.total.0, 768.0);
    equal("max rule", found.band.max_rule.0, 540.0);
    equal("sum rule", found.band.sum_rule.0, 1224.0);
    assert_eq!(found.bound_by, "DRAM");
    let overlaps: Vec<bool> = found.parts.iter().map(|part| part.overlaps).collect();
    assert_eq!(overlaps, [true, true, false, false, true, false]);
}

/// Each flag moves one part between both sides; the band stays.
#[test]
fn flags_say_what_overlaps() {
    type Flag = fn(&mut CpuArch);
    let cases: [(Flag, f64, &str); 5] = [
        // 128 + 540.
        (|arch| arch.caches[0].overlaps.value = true, 668.0, "DRAM"),
        // 100 + 540.
        (|arch| arch.caches[1].overlaps.value = true, 640.0, "DRAM"),
        // 100 + 128 + 64 + 540.
        (|arch| arch.caches[2].overlaps.value = false, 832.0, "DRAM"),
        // 540 hides 100 + 128.
        (|arch| arch.dram.overlaps.value = true, 540.0, "DRAM"),
        // Without memory in the way 100 + 128 + 64 = 292 is less than the 342 of arithmetic.
        (
            |arch| {
                arch.caches[2].overlaps.value = false;
                arch.dram.overlaps.value = true;
                arch.dram.penalty_cycles_per_line.value = 0.0;
                arch.dram.single_core_gb_s.value = 340.0;
            },
            342.0,
            "arithmetic",
        ),
    ];
    for (index, (flag, derived, bound_by)) in cases.into_iter().enumerate() {
        let mut arch = processor();
        flag(&mut arch);
        let found = run(&arch, &instructions(), &traffic());
        equal(&format!("case {index}"), found.total.0, derived);
        assert_eq!(found.bound_by, bound_by, "case {index}");
        if index < 4 {
            equal("max rule", found.band.max_rule.0, 540.0);
            equal("sum rule", found.band.sum_rule.0, 1224.0);
        }
    }
}

/// What sets the total has its name: the longest hidden part, or the longest of those in turn.
#[test]
fn the_bottleneck_is_the_longest_part_of_the_longer_side() {
    let of = |change: fn(&mut Instructions)| {
        let mut own = instructions();
        change(&mut own);
        let found = run(&processor(), &own, &traffic());
        (found.total.0, found.bound_by)
    };
    // 5000 / 5 + 300.
    assert_eq!(of(|own| own.adds = 5000), (1300.0, "arithmetic"));
    // 17000 / 17.
    assert_eq!(of(|own| own.popcount_words = 17_000), (1000.0, "popcount"));
    // 15200 / 19 = 800 loads before 128 + 540.
    assert_eq!(of(|own| own.loads = 15_200), (1468.0, "load-store"));
    // 2340 / 5 + 300 = 768: as long as the transfers, which it then hides.
    assert_eq!(of(|own| own.adds = 2340), (768.0, "arithmetic"));
    // Of two equal parts in turn the first: 10260 / 19 = 540, with 540 of memory and 128.
    assert_eq!(of(|own| own.loads = 10_260), (1208.0, "load-store"));
}

/// 768 cycles at 1.7 GHz are 768 / 1700 microseconds.
#[test]
fn cycles_take_the_time_of_the_clock() {
    equal("time", Cycles(768.0).at_ghz(1.7).0, 0.451_764_705_882_352_9);
}

#[test]
fn bytes_of_a_level_are_those_of_all_its_tensors() {
    let of = |level| level_bytes(&traffic(), level).unwrap();
    assert_eq!(of(MemoryLevel::L1), (800, 160));
    assert_eq!(of(MemoryLevel::L2), (2784, 992));
    assert_eq!(of(MemoryLevel::L3), (1184, 2624));
    assert_eq!(of(MemoryLevel::Dram), (6400, 1600));
    let row = Traffic {
        level: MemoryLevel::L1,
        tensor: Tensor::Weights,
        read_bytes: u64::MAX,
        write_bytes: 0,
    };
    assert!(level_bytes(&[row, row], MemoryLevel::L1).is_err());
}

/// 210 + 1100 + 2600 + 400 + 1900 + 1150: the words that are counted are no instructions.
#[test]
fn instructions_add_up() {
    assert_eq!(instructions().total().unwrap(), 7360);
    assert!(Instructions { adds: u64::MAX, ..instructions() }.total().is_err());
}

#[test]
fn products_and_shares_round_up_and_never_wrap() {
    assert_eq!(product("a product", &[3, 5, 7]).unwrap(), 105);
    assert_eq!(product("no factors", &[]).unwrap(), 1);
    assert!(product("a product", &[1 << 32, 1 << 32]).is_err());
    // 11 values of 3 bits are 33 bits, 5 bytes.
    assert_eq!(bytes("bytes", 11, 3).unwrap(), 5);
    assert_eq!(bytes("bytes", 8, 3).unwrap(), 3);
    // 10 * 7 / 4 = 17.5; 10 * 6 / 4 = 15.
    assert_eq!(scaled("a share", 10, 7, 4).unwrap(), 18);
    assert_eq!(scaled("a share", 10, 6, 4).unwrap(), 15);
    assert_eq!(scaled("of nothing", 10, 6, 0).unwrap(), 60);
    assert_eq!(scaled("a share", u64::MAX, 6, 12).unwrap(), 1 << 63);
}

/// 256 bits are 4 words: a core that counts 4 words a cycle or more counts 850 with
/// ⌈850 / 4⌉ = 213 instructions, one that counts fewer with 850.
#[test]
fn words_are_counted_by_vectors_where_the_core_can() {
    let mut arch = processor();
    let mut of = |rate| {
        arch.core.popcount_words_per_cycle.value = rate;
        popcount_instructions(&arch, 850)
    };
    assert_eq!((of(17.0), of(4.0), of(3.9)), (213, 213, 850));
}

fn kernel(work: KernelWork) -> KernelCycles {
    kernel_cycles(&work, &processor().kernel.unwrap().fp32)
}

const WORK: KernelWork =
    KernelWork { adds: 24, loads: 20, stores: 10, finishes: 4, blocks: 10, far_code_bytes: 1000 };

/// 10 blocks. Adds: 24 * 0.5 = 12 a block, 120. Transfers: 20 * 0.7 + 10 * 1.3 = 27 a block, 270.
/// Ends: 4 * 1.9 = 7.6 a block, 76. Code: 1000 * 0.03 = 30. Start: 110.
/// Both in the core: (120^3 + 270^3)^(1/3) = 21,411,000^(1/3) = 277.680…, and 216 more.
#[test]
fn a_kernel_overlaps_adds_and_transfers_and_nothing_else() {
    let found = kernel(WORK);
    equal("adds", found.adds.0, 120.0);
    equal("transfers", found.transfers.0, 270.0);
    equal("finishes", found.finishes.0, 76.0);
    equal("code", found.code.0, 30.0);
    equal("start", found.start.0, 110.0);
    equal("total", found.total.0, ROOT + 216.0);
    assert_eq!(found.bound_by, "loads and stores");
}

/// The cube root of 21,411,000.
const ROOT: f64 = 277.680_671_242_295_7;

/// What a kernel does not do costs nothing; every class can be the greatest.
#[test]
fn a_kernel_is_bound_by_what_takes_the_most() {
    let none =
        KernelWork { adds: 0, loads: 0, stores: 0, finishes: 0, blocks: 1, far_code_bytes: 0 };
    equal("nothing", kernel(none).total.0, 110.0);
    equal("adds", kernel(KernelWork { adds: 24, ..none }).total.0, 12.0 + 110.0);
    equal("loads", kernel(KernelWork { loads: 20, ..none }).total.0, 14.0 + 110.0);
    equal("stores", kernel(KernelWork { stores: 10, ..none }).total.0, 13.0 + 110.0);
    equal("ends", kernel(KernelWork { finishes: 4, ..none }).total.0, 7.6 + 110.0);
    equal("code", kernel(KernelWork { far_code_bytes: 1000, ..none }).total.0, 30.0 + 110.0);
    assert_eq!(kernel(none).bound_by, "adds");
    assert_eq!(kernel(KernelWork { adds: 100, ..WORK }).bound_by, "adds");
    assert_eq!(kernel(KernelWork { finishes: 100, ..WORK }).bound_by, "ends of sums");
    let code = KernelWork { far_code_bytes: 100_000, ..WORK };
    assert_eq!(kernel(code).bound_by, "code from beyond L2");
}
