//! What tells a search how good a mapping is.

use crate::{
    mapping::Mapping,
    model::{Evaluator, Score},
};

/// What tells how good a mapping is.
pub trait Judge: Clone + Send + Sync {
    /// Energy and cycles of a mapping that covers the problem; `None` when it does not fit.
    fn score(&mut self, mapping: &Mapping) -> Option<Score>;
}

impl Judge for Evaluator<'_> {
    fn score(&mut self, mapping: &Mapping) -> Option<Score> {
        Self::score(self, mapping).ok()
    }
}
