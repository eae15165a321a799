//! The best partners of an operand, and the queue of operands by their best.

use std::cmp::Ordering;

/// The best partner of one operand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    pub(super) score: f32,
    /// Pair key: partner, displacement code, whether the signs differ.
    pub(super) key: u32,
    /// Revisions of the operand and its partner when this was found.
    pub(super) revisions: (u32, u32),
}

/// Partners of one operand by count and key, the best last.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    pub(super) best: Vec<(u32, u32)>,
    /// No partner that is left out is above this.
    pub(super) rest: (u32, u32),
}

/// Partners in a window.
const WINDOW: usize = 12;

impl Window {
    pub(super) fn offer(&mut self, pair: (u32, u32)) {
        if pair <= self.rest {
            return;
        }
        if self.best.len() == WINDOW {
            if pair <= self.best[0] {
                self.rest = pair;
                return;
            }
            self.rest = self.rest.max(self.best.remove(0));
        }
        let at = self.best.partition_point(|other| *other < pair);
        self.best.insert(at, pair);
    }
}

/// What a scan has found.
pub(super) enum Found {
    /// The best by score.
    Best(Option<Best>),
    /// The best by count.
    Window(Window),
}

/// Heap entry: by score, the newest operand first among equals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) score: f32,
    pub(super) operand: u32,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(self.operand.cmp(&other.operand))
    }
}
