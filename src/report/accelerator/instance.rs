//! Accesses of one instance, unrounded, with the metadata of every rank: what Timeloop's own
//! statistics state.

use serde::Serialize;

use signloop_accelerator::model::{Flow, RankWords, TensorCost, Words};

/// Accesses of one instance that is in use, expected; whole numbers under Timeloop's rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceReport {
    /// Words read.
    pub reads: InstanceAccesses,
    /// Words written, coming from outside.
    pub fills: InstanceAccesses,
    /// Words written, coming from inside.
    pub updates: InstanceAccesses,
    /// Additions into words that hold a partial sum.
    pub reductions: f64,
}

/// Accesses of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceAccesses {
    /// Words if nothing were zero.
    pub dense: u64,
    /// Words moved.
    pub actual: f64,
    /// Words gated.
    pub gated: f64,
    /// Words skipped.
    pub skipped: f64,
    /// Metadata of every rank of the format, innermost first; empty where there is none.
    pub ranks: Vec<RankReport>,
}

/// Metadata units of one rank.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankReport {
    /// Coordinates, run lengths or mask bits that moved.
    pub metadata: f64,
    /// Offsets and pointers that moved.
    pub payload: f64,
    /// Of the first, units gated or skipped.
    pub metadata_saved: f64,
    /// Of the second, units gated or skipped.
    pub payload_saved: f64,
}

impl InstanceReport {
    pub(super) fn new(cost: &TensorCost) -> Self {
        Self {
            reads: kind(cost, cost.dense_reads, |words| words.read),
            fills: kind(cost, cost.dense_fills, |words| words.fill),
            updates: kind(cost, cost.dense_updates, |words| words.update),
            reductions: cost.reductions,
        }
    }
}

fn kind(cost: &TensorCost, dense: u64, part: fn(&Words) -> Flow) -> InstanceAccesses {
    let Flow { actual, gated, skipped } = part(&cost.words);
    let ranks = cost.ranks.iter().map(|RankWords { metadata, payload }| {
        let (metadata, payload) = (part(metadata), part(payload));
        RankReport {
            metadata: metadata.actual,
            payload: payload.actual,
            metadata_saved: metadata.gated + metadata.skipped,
            payload_saved: payload.gated + payload.skipped,
        }
    });
    InstanceAccesses { dense, actual, gated, skipped, ranks: ranks.collect() }
}
