//! `signloop simulate` on an accelerator: a mapped problem from TOML, or from Timeloop's YAML.

use std::path::{Path, PathBuf};

use super::{
    common::{Compat, load_workload, rules_of, schemes_of, weights_of},
    map::{mapping_file, progress},
    selection::Selection,
};
use crate::{
    Result,
    arch::{
        ArchKind,
        accelerator::{self, Accelerator},
        kind,
    },
    config::{Document, TableReader},
    diagnostics::Problem as Note,
    mapper::parse_constraints,
    mapping::{self, Mapping},
    model::accelerator::evaluate,
    report::{
        accelerator::{AcceleratorReport, evaluate_at},
        map::{self, MapReport, MapRequest, Objective, layers_of},
    },
    timeloop,
    workload::{
        self,
        problem::{self, Problem},
    },
};

/// Whether the machine given is an accelerator: YAML files, a TOML file of that kind, or a shipped
/// one.
pub(super) fn is_accelerator(files: &[PathBuf]) -> bool {
    let is_shipped =
        |file: &Path| accelerator::shipped().iter().any(|(name, _)| Path::new(name) == file);
    let is_file = |file: &Path| {
        Document::read(file).is_ok_and(|file| matches!(kind(&file), Ok(ArchKind::Accelerator)))
    };
    files.iter().any(|file| is_yaml(file))
        || matches!(files, [file] if if file.exists() { is_file(file) } else { is_shipped(file) })
}

/// Whether a workload is a network, and not one mapped problem.
pub(super) fn is_network(files: &[PathBuf], workload: Option<&Path>) -> bool {
    let holds_problem = |path: &Path| {
        workload::open(path).is_ok_and(|(document, _)| TableReader::root(&document).has("problem"))
    };
    !files.iter().any(|file| is_yaml(file)) && workload.is_some_and(|path| !holds_problem(path))
}

/// Mappings scored for each layer where none are given; `signloop map` searches longer.
const EVALUATIONS: u64 = 4_000;

/// A whole network: its mappings from a folder that `signloop map` wrote, or from a short search.
pub(super) fn simulate_network(
    file: &Path,
    network: &Path,
    mappings: Option<&Path>,
    compat: Option<Compat>,
    selection: &Selection,
) -> Result<MapReport> {
    let document = accelerator::document(file)?;
    let accelerator = accelerator::parse(&document)?;
    let constraints = parse_constraints(&document)?;
    let workload = load_workload(network)?;
    let source = weights_of(&workload, selection.weights.as_deref())?;
    let schemes = schemes_of(&selection.scheme, &source)?;
    let rules = rules_of(compat);
    let (layers, weights) =
        layers_of(&workload, (&source, &schemes, selection.seed), (&[], true, 1.0), rules)?;
    let request = MapRequest {
        accelerator: &accelerator,
        constraints: &constraints,
        workload: &workload.name,
        layers: &layers,
        weights: &weights,
        rules,
        evaluations: EVALUATIONS,
        seed: selection.seed,
        time: None,
        objective: Objective::Edp,
    };
    let Some(folder) = mappings else {
        let bar = progress(EVALUATIONS * layers.len() as u64);
        let report = map::map(&request, &|scored| bar.inc(scored));
        bar.finish_and_clear();
        return report;
    };
    let names = accelerator.level_names();
    let given: Vec<Mapping> = layers
        .iter()
        .map(|layer| {
            let path = folder.join(mapping_file(&layer.name, &layer.scheme));
            mapping::parse(&Document::read(&path)?, &layer.problem, &names)
        })
        .collect::<Result<_>>()?;
    map::mapped(&request, &given)
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Reads and evaluates.
pub(super) fn simulate(
    files: &[PathBuf],
    workload: Option<&Path>,
    mapped: Option<&Path>,
    compat: Option<Compat>,
) -> Result<AcceleratorReport> {
    let ((accelerator, problem, mapping), written) = if files.iter().any(|file| is_yaml(file)) {
        (from_yaml(files, mapped)?, None)
    } else {
        let (all, written) = from_toml(&files[0], workload, mapped)?;
        (all, Some(written))
    };
    let rules = rules_of(compat);
    let evaluation = match &written {
        Some(document) => evaluate_at(&accelerator, &problem, &mapping, rules, document)?,
        None => evaluate(&accelerator, &problem, &mapping, rules)?,
    };
    Ok(AcceleratorReport::new(&accelerator, &problem, &evaluation, rules))
}

fn from_yaml(files: &[PathBuf], mapped: Option<&Path>) -> Result<Mapped> {
    let imported = timeloop::import(files)?;
    let mapping = match (imported.mapping, mapped) {
        (_, Some(path)) => {
            let names = imported.accelerator.level_names();
            mapping::parse(&Document::read(path)?, &imported.problem, &names)?
        }
        (Some(mapping), None) => mapping,
        (None, None) => {
            return Err(Note::new("the files hold no mapping")
                .hint("add one with `--mapping FILE`, or search one with `signloop map`")
                .into());
        }
    };
    Ok((imported.accelerator, imported.problem, mapping))
}

/// A machine, a problem and its mapping.
type Mapped = (Accelerator, Problem, Mapping);

/// Problem and mapping stand in the accelerator's file, or in files of their own; also the document
/// with the mapping.
fn from_toml(
    file: &Path,
    workload: Option<&Path>,
    mapped: Option<&Path>,
) -> Result<(Mapped, Document)> {
    let document = accelerator::document(file)?;
    let accelerator = accelerator::parse(&document)?;
    let read = |path: Option<&Path>, key: &'static str| -> Result<Option<Document>> {
        match path {
            Some(path) => Document::read(path).map(Some),
            None if TableReader::root(&document).has(key) => Ok(Some(document.clone())),
            None => Ok(None),
        }
    };
    let Some(shape) = read(workload, "problem")? else {
        return Err(Note::new(format!("`{}` holds no `[problem]`", file.display()))
            .hint("give one, or a network, with `--workload`")
            .into());
    };
    let problem = problem::parse(&shape)?;
    let own = match workload.filter(|_| TableReader::root(&shape).has("mapping")) {
        Some(_) if mapped.is_none() => Some(shape),
        _ => read(mapped, "mapping")?,
    };
    let Some(own) = own else {
        return Err(Note::new(format!("`{}` holds no `[[mapping]]`", file.display()))
            .hint("add one with `--mapping FILE`, or search one with `signloop map`")
            .into());
    };
    let mapping = mapping::parse(&own, &problem, &accelerator.level_names())?;
    Ok(((accelerator, problem, mapping), own))
}
