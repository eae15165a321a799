//! A made-up processor whose every rate and energy is another number, so that one taken for another
//! shows, and what the tests of time and energy ask of the library.

use signloop::{base::config::Document, machine::parse};
pub use signloop::{
    base::units::{Cycles, Microseconds},
    cpu::{
        CycleBreakdown, EnergyBreakdown, Evaluator, KernelCycles, KernelWork, LayerWork,
        MemoryLevel, Tensor, Traffic,
        energy::{add_pj, energy},
        evaluate, kernel_cycles,
        time::ecm::{adds_per_cycle, cycles},
        traffic::{
            level_bytes,
            work::{Instructions, bytes, popcount_instructions, product, scaled},
        },
    },
    machine::CpuArch,
    method::{Execution, OpCounts, WeightStorage},
    network::workload::{LayerShape, OperandBits},
};

/// The description. Lines of 32 bytes; 34 GB/s at 1.7 GHz are 20 bytes a cycle.
const MADE_UP: &str = r#"
kind = "cpu"
name = "made-up"

[core]
source = "made up for this test"
cores = 6
clock_ghz = 1.7
simd_bits = 256
vector_registers = 16
int8_add_per_cycle = 2
int16_add_per_cycle = 3
int32_add_per_cycle = 5
fp32_add_per_cycle = 7
fma_per_cycle = 11
logic_per_cycle = 13
popcount_words_per_cycle = 17
load_per_cycle = 19
store_per_cycle = 23

[[cache]]
level = "L1"
source = "made up for this test"
size_kib = 8
ways = 4
line_bytes = 32
read_bytes_per_cycle = 71
write_bytes_per_cycle = 73
full_duplex = false
latency_cycles = 3
shared_by_cores = 1
policy = "non-inclusive"
overlaps = false
access_bytes = 8
read_pj_per_access = 43
write_pj_per_access = 47

[[cache]]
level = "L2"
source = "made up for this test"
size_kib = 64
ways = 8
line_bytes = 32
read_bytes_per_cycle = 29
write_bytes_per_cycle = 31
full_duplex = false
latency_cycles = 13
shared_by_cores = 2
policy = "inclusive"
overlaps = false
access_bytes = 16
read_pj_per_access = 53
write_pj_per_access = 59

[[cache]]
level = "L3"
source = "made up for this test"
size_kib = 512
ways = 16
line_bytes = 32
read_bytes_per_cycle = 37
write_bytes_per_cycle = 41
full_duplex = true
latency_cycles = 37
shared_by_cores = 6
policy = "inclusive"
overlaps = true
access_bytes = 64
read_pj_per_access = 61
write_pj_per_access = 67

[dram]
kind = "made up"
source = "made up for this test"
channels = 2
peak_gb_s = 51
single_core_gb_s = 34
penalty_cycles_per_line = 0.7
overlaps = false
row_hit_pj_per_bit = 7.9
activation_nj = 1.3
row_bytes = 1024
background_mw = 83

[energy]
source = "made up for this test"
int8_add_pj = 0.11
int16_add_pj = 0.23
int32_add_pj = 0.41
fp32_add_pj = 0.97
fp32_mul_pj = 3.1
logic64_pj = 0.59
popcount64_pj = 0.67
instruction_overhead_pj = 6.1
static_w = 2.9

[kernel.fp32]
source = "made up for this test"
cycles_per_add = 0.5
cycles_per_load = 0.7
cycles_per_store = 1.3
cycles_per_finish = 1.9
cycles_per_far_code_byte = 0.03
cycles_per_run = 110

[kernel.int16]
source = "made up for this test"
cycles_per_add = 0.25
cycles_per_load = 0.35
cycles_per_store = 0.65
cycles_per_finish = 0.95
cycles_per_far_code_byte = 0.015
cycles_per_run = 55
"#;

/// The made-up processor.
pub fn processor() -> CpuArch {
    let document = Document::parse("made-up", MADE_UP.to_owned()).unwrap();
    parse(&document).unwrap_or_else(|error| panic!("{error}"))
}

/// Precisions with 8-bit activations and partial sums of `accumulator` bits.
pub fn bits(accumulator: u32) -> OperandBits {
    OperandBits { activation: 8, weight: 1, accumulator, output: 8 }
}

/// Precisions of a layer of floats.
pub fn floats() -> OperandBits {
    OperandBits { activation: 32, weight: 32, accumulator: 32, output: 32 }
}

/// Instructions that take a round number of cycles on the made-up processor.
pub fn instructions() -> Instructions {
    Instructions {
        adds: 210,
        multiply_adds: 1100,
        logic: 2600,
        popcount_words: 850,
        popcounts: 400,
        loads: 1900,
        stores: 1150,
    }
}

/// Bytes on every link, of two tensors each, so that both must be added up.
///
/// Read and written in all: L1 800 and 160, L2 2784 and 992, L3 1184 and 2624, memory 6400 and
/// 1600.
pub fn traffic() -> Vec<Traffic> {
    let row =
        |level, tensor, read_bytes, write_bytes| Traffic { level, tensor, read_bytes, write_bytes };
    vec![
        row(MemoryLevel::L1, Tensor::Inputs, 640, 0),
        row(MemoryLevel::L1, Tensor::Outputs, 160, 160),
        row(MemoryLevel::L2, Tensor::Inputs, 2720, 32),
        row(MemoryLevel::L2, Tensor::Outputs, 64, 960),
        row(MemoryLevel::L3, Tensor::Inputs, 1120, 64),
        row(MemoryLevel::L3, Tensor::Outputs, 64, 2560),
        row(MemoryLevel::Dram, Tensor::Inputs, 6304, 0),
        row(MemoryLevel::Dram, Tensor::Outputs, 96, 1600),
    ]
}

/// Holds a number to one derived by hand, to all digits but the last few of a float.
#[track_caller]
pub fn equal(what: &str, found: f64, derived: f64) {
    let least = derived.abs().max(f64::MIN_POSITIVE);
    assert!((found - derived).abs() / least <= 1e-12, "{what}: found {found}, derived {derived}");
}
