//! What a mapped problem costs.

use super::flow::{Flow, RankWords, Words};

/// Energy and time alone, for searching.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Energy of the whole run in pJ.
    pub energy_pj: f64,
    /// Cycles of the whole run.
    pub cycles: u64,
}

/// Everything about one mapping of one problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Energy and time.
    pub score: Score,
    /// The operations.
    pub compute: ComputeCost,
    /// Storage levels, innermost first.
    pub levels: Vec<LevelCost>,
}

/// What becomes of the operations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComputeCost {
    /// Operations of the problem.
    pub operations: u64,
    /// Operations of all units, expected.
    pub flow: Flow,
    /// Units that are busy on average.
    pub units: f64,
    /// Cycles of the units alone.
    pub cycles: u64,
    /// Energy in pJ, leakage included.
    pub energy_pj: f64,
    /// Busy unit cycles of the available ones, 0 to 1.
    pub utilization: f64,
}

/// One storage level.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelCost {
    /// Cycles that its ports need.
    pub cycles: u64,
    /// Words its tiles need at most, of one instance.
    pub words_needed: u64,
    /// Metadata bits its tiles need at most, of one instance.
    pub metadata_bits_needed: u64,
    /// Leakage of all instances in pJ.
    pub leak_pj: f64,
    /// The tensors in the problem's order.
    pub tensors: Vec<TensorCost>,
}

/// One tensor at one level. Accesses are those of one instance, averaged over all in use.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorCost {
    /// Whether the level keeps it; nothing is counted otherwise.
    pub kept: bool,
    /// Words of the tile without zeros left out.
    pub tile_words: u64,
    /// Instances that the mapping uses.
    pub mapped_instances: u64,
    /// Instances in use, on average.
    pub instances: f64,
    /// Words read if nothing were zero.
    pub dense_reads: u64,
    /// Words written from outside if nothing were zero.
    pub dense_fills: u64,
    /// Words written from inside if nothing were zero.
    pub dense_updates: u64,
    /// Expected words by what becomes of them.
    pub words: Words,
    /// Expected metadata of each rank of the format, innermost first; empty where there is none.
    pub ranks: Vec<RankWords>,
    /// Additions into partial sums.
    pub reductions: f64,
    /// Energy of all instances in pJ.
    pub energy_pj: f64,
}
