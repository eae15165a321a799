//! `signloop simulate` on an accelerator: a mapped problem from TOML, or from Timeloop's YAML; or a
//! whole network.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{
    common::{Compat, rules_of, schemes_of, weights_of},
    progress::search_bar,
    selection::Selection,
};
use crate::{
    report::{accelerator::AcceleratorReport, map::MapReport},
    study::{
        accelerator::evaluate_at,
        map::{EVALUATIONS, NetworkRequest, simulate_network},
    },
};
use signloop_accelerator::{
    mapper::Design, mapping, model::evaluate, problem, sparse::Rules, timeloop,
};
use signloop_base::{
    Result,
    config::{Document, TableReader},
    diagnostics::Problem as Note,
};
use signloop_machine::{ArchKind, accelerator, kind};
use signloop_network::workload::{self, Workload};

/// An accelerator as given.
pub(super) enum Machine {
    /// Our description; it may hold a problem and its mapping as well.
    Toml(Document),
    /// A Timeloop design in one or several files.
    Yaml,
}

/// What is to be simulated, beside the machine.
pub(super) struct Task<'a> {
    pub files: &'a [PathBuf],
    pub workload: Option<&'a Path>,
    pub mapping: Option<&'a Path>,
    pub compat: Option<Compat>,
    pub selection: &'a Selection,
}

/// What is found.
pub(super) enum Answer {
    Problem(AcceleratorReport),
    Network(MapReport),
}

/// The machine given, if it is an accelerator: YAML files, a TOML file of that kind, or a shipped
/// one. Files that do not read are left to the reader of processors, which tells why.
pub(super) fn machine(files: &[PathBuf]) -> Option<Machine> {
    if files.iter().any(|file| is_yaml(file)) {
        return Some(Machine::Yaml);
    }
    let [file] = files else { return None };
    let document = accelerator::document(file).ok()?;
    matches!(kind(&document), Ok(ArchKind::Accelerator)).then_some(Machine::Toml(document))
}

/// Reads and evaluates.
pub(super) fn simulate(machine: &Machine, task: &Task<'_>) -> Result<Answer> {
    let rules = rules_of(task.compat);
    let document = match machine {
        Machine::Yaml => return from_yaml(task, rules).map(Answer::Problem),
        Machine::Toml(document) => document,
    };
    let work = task.workload.map(workload::open).transpose()?;
    if let Some((network, folder)) = &work
        && !TableReader::root(network).has("problem")
    {
        let workload = workload::from_document(network, folder)?;
        return network_on(&Design::parse(document)?, &workload, task, rules).map(Answer::Network);
    }
    let work = work.map(|(document, _)| document);
    from_toml(document, work, task, rules).map(Answer::Problem)
}

/// A whole network: its mappings from a folder that `signloop map` wrote, or from a short search.
fn network_on(
    design: &Design,
    workload: &Workload,
    task: &Task<'_>,
    rules: Rules,
) -> Result<MapReport> {
    let weights = weights_of(workload, task.selection.weights.as_deref())?;
    let request = NetworkRequest {
        design,
        workload,
        weights: &weights,
        schemes: &schemes_of(&task.selection.scheme, &weights)?,
        rules,
        evaluations: EVALUATIONS,
        seed: task.selection.seed,
    };
    let bar = search_bar();
    let report =
        simulate_network(&request, task.mapping, &|total| bar.set_length(total), &|scored| {
            bar.inc(scored)
        });
    bar.finish_and_clear();
    report
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn from_yaml(task: &Task<'_>, rules: Rules) -> Result<AcceleratorReport> {
    let imported = timeloop::import(task.files)?;
    let _ = write!(anstream::stderr(), "{}", imported.ignored_text());
    let (accelerator, problem) = (&imported.accelerator, &imported.problem);
    let mapping = match (imported.mapping, task.mapping) {
        (_, Some(path)) => {
            mapping::parse(&Document::read(path)?, problem, &accelerator.level_names())?
        }
        (Some(mapping), None) => mapping,
        (None, None) => return Err(unmapped("the files hold no mapping".to_owned()).into()),
    };
    let evaluation = evaluate(accelerator, problem, &mapping, rules)?;
    Ok(AcceleratorReport::new(accelerator, problem, &evaluation, rules))
}

fn unmapped(message: String) -> Note {
    Note::new(message).hint("add one with `--mapping FILE`, or search one with `signloop map`")
}

/// Problem and mapping stand in the accelerator's file, or in files of their own.
fn from_toml(
    document: &Document,
    work: Option<Document>,
    task: &Task<'_>,
    rules: Rules,
) -> Result<AcceleratorReport> {
    let has = |document: &Document, key| TableReader::root(document).has(key);
    let accelerator = accelerator::parse(document)?;
    let shape = work.as_ref().unwrap_or(document);
    if !has(shape, "problem") {
        let file = task.files[0].display();
        return Err(Note::new(format!("`{file}` holds no `[problem]`"))
            .hint("give one, or a network, with `--workload`")
            .into());
    }
    let problem = problem::parse(shape)?;
    // A file that is given is the one that is read, whatever the others hold.
    let given = task.mapping.map(Document::read).transpose()?;
    let mut held = work.iter().chain([document]);
    let Some(own) = given.as_ref().or_else(|| held.find(|own| has(own, "mapping"))) else {
        let file = task.files[0].display();
        return Err(unmapped(format!("`{file}` holds no `[[mapping]]`")).into());
    };
    let mapping = mapping::parse(own, &problem, &accelerator.level_names())?;
    let evaluation = evaluate_at(&accelerator, &problem, &mapping, rules, own)?;
    Ok(AcceleratorReport::new(&accelerator, &problem, &evaluation, rules))
}
