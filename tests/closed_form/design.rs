//! Small accelerator designs as text, and how their words and energies are held to derived ones.

pub use signloop::accelerator::{
    model::{Evaluation, Flow, TensorCost},
    sparse::Rules,
};
use signloop::{
    accelerator::{mapping, model::evaluate, problem},
    base::config::Document,
    machine::accelerator,
};

use super::processor::equal;

/// Evaluates the mapped problem of a file.
pub fn run(text: &str, rules: Rules) -> Evaluation {
    let document = Document::parse("design", text.to_owned()).unwrap();
    let machine = accelerator::parse(&document).unwrap_or_else(|error| panic!("{error}"));
    let problem = problem::parse(&document).unwrap_or_else(|error| panic!("{error}"));
    let mapping = mapping::parse(&document, &problem, &machine.level_names())
        .unwrap_or_else(|error| panic!("{error}"));
    evaluate(&machine, &problem, &mapping, rules).unwrap_or_else(|error| panic!("{error}"))
}

/// Words read, filled and updated, whatever becomes of them: actual, gated, skipped.
#[track_caller]
pub fn moved(what: &str, cost: &TensorCost, derived: [[f64; 3]; 3]) {
    let words = &cost.words;
    for (name, flow, derived) in [
        ("read", words.read, derived[0]),
        ("fill", words.fill, derived[1]),
        ("update", words.update, derived[2]),
    ] {
        states(&format!("{what} {name}"), flow, derived);
    }
}

#[track_caller]
pub fn states(what: &str, flow: Flow, [actual, gated, skipped]: [f64; 3]) {
    equal(&format!("{what} actual"), flow.actual, actual);
    equal(&format!("{what} gated"), flow.gated, gated);
    equal(&format!("{what} skipped"), flow.skipped, skipped);
}

/// Energies of the tensors A, B and Z at a level.
#[track_caller]
pub fn spent(what: &str, found: &Evaluation, level: usize, derived: [f64; 3]) {
    for (index, (tensor, derived)) in found.levels[level].tensors.iter().zip(derived).enumerate() {
        equal(&format!("{what}, level {level}, tensor {index}"), tensor.energy_pj, derived);
    }
}
