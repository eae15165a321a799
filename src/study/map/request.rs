//! What to search, and what for.

use std::time::Duration;

use super::layers::MapLayer;
use crate::report::Provenance;
use signloop_accelerator::{
    mapper::{Constraint, Design},
    model::Score,
    sparse::Rules,
};
use signloop_machine::accelerator::Accelerator;

/// Mappings scored for each layer where none are given; `signloop map` searches longer.
pub const EVALUATIONS: u64 = 4_000;

/// What the chosen mapping of a layer is best in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// Energy times cycles.
    Edp,
    /// Energy; cycles where equal.
    Energy,
    /// Cycles; energy where equal.
    Cycles,
}

impl Objective {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Edp => "edp",
            Self::Energy => "energy",
            Self::Cycles => "cycles",
        }
    }

    pub(super) fn cost(self, score: &Score) -> f64 {
        match self {
            Self::Edp => score.energy_pj * score.cycles as f64,
            Self::Energy => score.energy_pj,
            Self::Cycles => score.cycles as f64,
        }
    }
}

/// What to search.
#[derive(Debug, Clone, Copy)]
pub struct MapRequest<'a> {
    /// The accelerator.
    pub accelerator: &'a Accelerator,
    /// What its dataflow allows.
    pub constraints: &'a [Constraint],
    /// Name of the workload.
    pub workload: &'a str,
    /// Layers in report order; those of one scheme together.
    pub layers: &'a [MapLayer],
    /// Where the weights come from.
    pub weights: &'a [Provenance],
    /// Rules of the model.
    pub rules: Rules,
    /// Mappings to score at most, by layer.
    pub evaluations: u64,
    /// Seed.
    pub seed: u64,
    /// Time for all layers together.
    pub time: Option<Duration>,
    /// What a chosen mapping is best in.
    pub objective: Objective,
}

impl<'a> MapRequest<'a> {
    /// A search of a network's layers on a design for the least energy times cycles, by the exact
    /// rules and without a limit of time; the weights' provenance is left out.
    pub fn of(design: &'a Design, workload: &'a str, layers: &'a [MapLayer]) -> Self {
        Self {
            accelerator: &design.accelerator,
            constraints: &design.constraints,
            workload,
            layers,
            weights: &[],
            rules: Rules::Exact,
            evaluations: EVALUATIONS,
            seed: 1,
            time: None,
            objective: Objective::Edp,
        }
    }
}
