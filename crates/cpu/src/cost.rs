//! What the model is asked and what it answers.

use std::sync::Arc;

use serde::Serialize;

use signloop_base::units::{Cycles, Microseconds, Picojoules};
use signloop_method::{Execution, OpCounts, SlotReuse, WeightStorage};
use signloop_network::workload::{LayerShape, OperandBits};

/// One layer with one method, as the model needs it.
#[derive(Debug, Clone, Copy)]
pub struct LayerWork<'a> {
    /// The layer.
    pub shape: &'a LayerShape,
    /// Operand precisions.
    pub bits: OperandBits,
    /// How the plan runs.
    pub execution: Execution,
    /// Exact counts per output position, all groups together.
    pub counts: &'a OpCounts,
    /// What the plan keeps in memory, all groups together.
    pub storage: &'a WeightStorage,
    /// When the slots of its partial sums are used again, for programs. Without it all of them are
    /// taken as used in every sweep over the patch.
    pub slots: Option<&'a SlotReuse>,
}

/// Where bytes move: a cache level means the link between it and the next nearer level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MemoryLevel {
    L1,
    L2,
    L3,
    #[serde(rename = "DRAM")]
    Dram,
}

impl MemoryLevel {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
            Self::Dram => "DRAM",
        }
    }
}

/// Whose bytes move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tensor {
    /// Weight values.
    Weights,
    /// Indices, pointers, scales: everything of the weights that is no value.
    Metadata,
    /// Input activations.
    Inputs,
    /// The packed copy of an input block (im2col of one block, never of the whole map).
    Packed,
    /// Partial sums that leave the registers, and temporaries of a program.
    PartialSums,
    /// Output activations.
    Outputs,
}

impl Tensor {
    /// All tensors in the order of every table.
    pub const ALL: [Self; 6] = [
        Self::Weights,
        Self::Metadata,
        Self::Inputs,
        Self::Packed,
        Self::PartialSums,
        Self::Outputs,
    ];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Metadata => "metadata",
            Self::Inputs => "inputs",
            Self::Packed => "packed",
            Self::PartialSums => "partial-sums",
            Self::Outputs => "outputs",
        }
    }
}

/// Bytes of one tensor over one link, for the whole layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// The level that serves the bytes.
    pub level: MemoryLevel,
    /// The tensor.
    pub tensor: Tensor,
    /// Bytes read from the level towards the core.
    pub read_bytes: u64,
    /// Bytes written into the level from the nearer one.
    pub write_bytes: u64,
}

/// One named part of the cycles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// What takes the cycles: `add`, `multiply-add`, `logic`, `popcount`, `load-store`, `L2`, `L3`,
    /// `DRAM`.
    pub name: &'static str,
    /// Cycles if nothing else took any.
    pub cycles: Cycles,
    /// Whether the part hides behind the others (ECM overlap hypothesis).
    pub overlaps: bool,
}

/// Least and greatest cycles that the two extreme hypotheses give.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// All parts overlap: the greatest part.
    pub max_rule: Cycles,
    /// No parts overlap: the sum of all parts.
    pub sum_rule: Cycles,
}

/// Cycles of one layer on one core.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CycleBreakdown {
    /// The parts, in-core first, then outwards.
    pub parts: Vec<Contribution>,
    /// The ECM prediction: max(overlapping parts, sum of the others).
    pub total: Cycles,
    /// Both extremes around it.
    pub band: Band,
    /// Name of the part (or `transfers`) that sets the total.
    pub bound_by: &'static str,
}

/// Energy of one layer, modelled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnergyBreakdown {
    /// Arithmetic and logic.
    pub compute: Picojoules,
    /// Accesses of each cache level, nearest first; an object in JSON.
    #[serde(serialize_with = "as_object")]
    pub levels: Vec<(MemoryLevel, Picojoules)>,
    /// Memory: row hits, activations and background power over the time.
    pub dram: Picojoules,
    /// Instructions times overhead.
    pub instruction_overhead: Picojoules,
    /// Static power times time.
    #[serde(rename = "static")]
    pub static_energy: Picojoules,
    /// Sum of all.
    pub total: Picojoules,
}

fn as_object<S: serde::Serializer>(
    levels: &[(MemoryLevel, Picojoules)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(levels.iter().map(|(level, energy)| (level.name(), energy)))
}

/// One number of a layer with how it came about, for `--explain`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// What the number is.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// The formula, in words and symbols.
    pub formula: String,
    /// The inputs of the formula by name.
    pub inputs: Vec<(String, f64)>,
    /// Where the formula or the constant comes from.
    #[serde(serialize_with = "signloop_machine::text")]
    pub source: Arc<str>,
}

/// What one layer costs with one method on one core.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerCost {
    /// Bytes by level and tensor; rows of zero bytes are left out.
    pub traffic: Vec<Traffic>,
    /// Cycles.
    pub cycles: CycleBreakdown,
    /// Time at the core clock.
    pub time_us: Microseconds,
    /// Energy.
    pub energy: EnergyBreakdown,
    /// Instructions assumed to execute.
    pub instructions: u64,
    /// Every number explained.
    pub facts: Vec<Fact>,
}
