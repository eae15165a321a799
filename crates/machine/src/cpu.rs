//! A processor as the model sees it: one core's ports, its caches, and memory.

use serde::Serialize;

use super::Sourced;

/// A checked processor description. Times and traffic are modelled for one active core.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CpuArch {
    /// Name used on the command line and in reports.
    pub name: String,
    /// One line for `signloop list`.
    pub description: String,
    /// The core.
    pub core: Core,
    /// Cache levels, nearest to the core first; one to three.
    pub caches: Vec<Cache>,
    /// Main memory.
    pub dram: Dram,
    /// Energy per operation.
    pub energy: OpEnergy,
    /// Rates of this tool's kernels, where they were calibrated on the machine.
    pub kernel: Option<KernelRates>,
}

/// Rates of the kernels by lane type, fitted by `signloop calibrate`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KernelRates {
    /// fp32 activations.
    pub fp32: LaneRates,
    /// Integer activations in 16-bit lanes.
    pub int16: LaneRates,
}

/// Core cycles of a kernel's vector operations; see `model::kernel_cycles`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names and units say it")]
pub struct LaneRates {
    pub cycles_per_add: Sourced<f64>,
    pub cycles_per_load: Sourced<f64>,
    pub cycles_per_store: Sourced<f64>,
    pub cycles_per_finish: Sourced<f64>,
    pub cycles_per_far_code_byte: Sourced<f64>,
    pub cycles_per_run: Sourced<f64>,
}

/// One core's clock, vector width and throughputs, in full-width vector instructions a cycle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Core {
    /// Physical cores of the chip.
    pub cores: Sourced<u64>,
    /// Core clock assumed for all conversions from cycles to time.
    pub clock_ghz: Sourced<f64>,
    /// Width of a vector register in bits.
    pub simd_bits: Sourced<u64>,
    /// Vector registers that a program can name.
    pub vector_registers: Sourced<u64>,
    /// 8-bit-lane vector adds per cycle.
    pub int8_add_per_cycle: Sourced<f64>,
    /// 16-bit-lane vector adds per cycle.
    pub int16_add_per_cycle: Sourced<f64>,
    /// 32-bit-lane vector adds per cycle.
    pub int32_add_per_cycle: Sourced<f64>,
    /// Floating-point vector adds per cycle.
    pub fp32_add_per_cycle: Sourced<f64>,
    /// Floating-point vector fused multiply-adds per cycle.
    pub fma_per_cycle: Sourced<f64>,
    /// Vector AND/OR/XOR per cycle.
    pub logic_per_cycle: Sourced<f64>,
    /// 64-bit words whose ones are counted per cycle.
    pub popcount_words_per_cycle: Sourced<f64>,
    /// Vector loads per cycle that hit L1.
    pub load_per_cycle: Sourced<f64>,
    /// Vector stores per cycle that hit L1.
    pub store_per_cycle: Sourced<f64>,
}

/// The name of a cache level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CacheLevel {
    L1,
    L2,
    L3,
}

/// What a cache holds relative to the caches nearer to the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CachePolicy {
    /// Holds every line of the nearer caches; evicting a line drops it there too.
    Inclusive,
    /// Holds only lines that the nearer cache evicted; a hit moves the line up.
    Victim,
    /// Filled on a miss, but free to evict what nearer caches still hold.
    NonInclusive,
}

/// One cache level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cache {
    /// Which level.
    pub level: CacheLevel,
    /// Capacity in KiB.
    pub size_kib: Sourced<u64>,
    /// Associativity.
    pub ways: Sourced<u64>,
    /// Bytes of a line.
    pub line_bytes: Sourced<u64>,
    /// Bytes per cycle from this level to the nearer one (to registers for L1).
    pub read_bytes_per_cycle: Sourced<f64>,
    /// Bytes per cycle written into this level from the nearer one (from registers for L1).
    pub write_bytes_per_cycle: Sourced<f64>,
    /// Whether reads and writes of the link run at the same time.
    pub full_duplex: Sourced<bool>,
    /// Load-to-use latency.
    pub latency_cycles: Sourced<f64>,
    /// Cores that share the cache.
    pub shared_by_cores: Sourced<u64>,
    /// Content policy.
    pub policy: Sourced<CachePolicy>,
    /// Whether transfers from this level overlap the other contributions (ECM).
    pub overlaps: Sourced<bool>,
    /// Bytes of one access in the energy figures.
    pub access_bytes: Sourced<u64>,
    /// Energy of one read access.
    pub read_pj_per_access: Sourced<f64>,
    /// Energy of one write access.
    pub write_pj_per_access: Sourced<f64>,
}

impl Cache {
    /// Capacity in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_kib.value * 1024
    }

    /// Number of sets; sets are indexed by line address modulo this number.
    #[must_use]
    pub fn sets(&self) -> u64 {
        self.size_bytes() / (self.ways.value * self.line_bytes.value)
    }
}

/// Main memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dram {
    /// Kind, as text for reports.
    pub kind: String,
    /// Memory channels.
    pub channels: Sourced<u64>,
    /// Peak bandwidth of all channels, GB/s (1e9 bytes).
    pub peak_gb_s: Sourced<f64>,
    /// Bandwidth that one core reaches, GB/s.
    pub single_core_gb_s: Sourced<f64>,
    /// Cycles added per line read, beyond the bandwidth (ECM latency penalty).
    pub penalty_cycles_per_line: Sourced<f64>,
    /// Whether memory transfers overlap the other contributions (ECM).
    pub overlaps: Sourced<bool>,
    /// Energy per bit moved on a row hit, interface included.
    pub row_hit_pj_per_bit: Sourced<f64>,
    /// Energy of one activation and precharge of a row.
    pub activation_nj: Sourced<f64>,
    /// Bytes of a row; one activation is charged for that many bytes of a stream.
    pub row_bytes: Sourced<u64>,
    /// Background power of the memory that belongs to the run.
    pub background_mw: Sourced<f64>,
}

/// Energy per operation and per instruction, and static power.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpEnergy {
    /// One 8-bit integer add.
    pub int8_add_pj: Sourced<f64>,
    /// One 16-bit integer add.
    pub int16_add_pj: Sourced<f64>,
    /// One 32-bit integer add.
    pub int32_add_pj: Sourced<f64>,
    /// One fp32 add.
    pub fp32_add_pj: Sourced<f64>,
    /// One fp32 multiply.
    pub fp32_mul_pj: Sourced<f64>,
    /// One 64-bit bitwise operation.
    pub logic64_pj: Sourced<f64>,
    /// One population count of 64 bits.
    pub popcount64_pj: Sourced<f64>,
    /// Fetch, decode, rename, schedule and register access of one instruction.
    pub instruction_overhead_pj: Sourced<f64>,
    /// Power that flows while the layer runs whatever it does.
    pub static_w: Sourced<f64>,
}
