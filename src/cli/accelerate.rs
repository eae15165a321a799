//! `signloop simulate` on an accelerator: a mapped problem from TOML, or from Timeloop's YAML.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::{
    Result,
    arch::{
        ArchKind,
        accelerator::{self, Accelerator},
        kind,
    },
    config::{Document, TableReader},
    diagnostics::Problem as Note,
    mapping::{self, Mapping},
    model::{accelerator::evaluate, sparse::Rules},
    report::accelerator::AcceleratorReport,
    timeloop,
    workload::problem::{self, Problem},
};

/// Whose numbers to reproduce.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Compat {
    /// Timeloop's roundings and quirks; see docs/timeloop-compat.md.
    Timeloop,
}

/// Whether the machine given is an accelerator: YAML files, or a TOML file of that kind.
pub(super) fn is_accelerator(files: &[PathBuf]) -> bool {
    files.iter().any(|file| is_yaml(file))
        || matches!(files, [file] if file.exists()
            && Document::read(file).is_ok_and(|file| matches!(kind(&file), Ok(ArchKind::Accelerator))))
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
    let (accelerator, problem, mapping) = if files.iter().any(|file| is_yaml(file)) {
        from_yaml(files, mapped)?
    } else {
        from_toml(&files[0], workload, mapped)?
    };
    let rules = match compat {
        Some(Compat::Timeloop) => Rules::Timeloop,
        None => Rules::Exact,
    };
    let evaluation = evaluate(&accelerator, &problem, &mapping, rules)?;
    Ok(AcceleratorReport::new(&accelerator, &problem, &evaluation, rules))
}

fn from_yaml(files: &[PathBuf], mapped: Option<&Path>) -> Result<(Accelerator, Problem, Mapping)> {
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

/// Problem and mapping stand in the accelerator's file, or in files of their own.
fn from_toml(
    file: &Path,
    workload: Option<&Path>,
    mapped: Option<&Path>,
) -> Result<(Accelerator, Problem, Mapping)> {
    let document = Document::read(file)?;
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
            .hint("give one with `--workload FILE`; whole networks run with `signloop map`")
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
    Ok((accelerator, problem, mapping))
}
