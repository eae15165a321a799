//! Evaluates a mapping that was read from a file, so that what does not fit is told there.

use signloop_accelerator::{
    mapping::{self, Mapping},
    model::{Evaluation, Evaluator},
    problem::Problem,
    sparse::Rules,
};
use signloop_base::{Result, config::Document, diagnostics::Problems};
use signloop_machine::accelerator::Accelerator;

/// Evaluates one mapping; `document` is the file that holds its tables.
///
/// # Errors
/// A name is unknown, or the mapping does not fit: told at the level's table.
pub fn evaluate_at(
    accelerator: &Accelerator,
    problem: &Problem,
    mapping: &Mapping,
    rules: Rules,
    document: &Document,
) -> Result<Evaluation> {
    Evaluator::new(accelerator, problem, rules)?.evaluate(mapping).map_err(|misfit| {
        let mut problems = Problems::new();
        for note in misfit.tell(accelerator, problem) {
            let level = misfit.level().map(|level| accelerator.levels[level].name.as_str());
            problems.push(match level {
                Some(level) => mapping::at_level(note, document, level),
                None => note,
            });
        }
        problems.into()
    })
}
