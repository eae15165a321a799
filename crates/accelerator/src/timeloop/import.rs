//! One or several YAML files to an accelerator, a problem and a mapping.

use std::path::PathBuf;

use super::{architecture, dialect::unsupported, energy, mapping, plain, problem, sparse};
use crate::{mapping::Mapping, problem::Problem};
use signloop_base::{
    Result,
    config::{Document, TableReader},
    diagnostics::{Problem as Fault, Problems},
};
use signloop_machine::accelerator::{self, Accelerator};

/// What a set of files describes. A mapping needs all three.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The accelerator with its energies and sparse features.
    pub accelerator: Accelerator,
    /// The problem.
    pub problem: Problem,
    /// The mapping, where the files hold one.
    pub mapping: Option<Mapping>,
    /// Keys that were left out because Timeloop never reads them, as `section.key`.
    pub ignored: Vec<String>,
}

impl Imported {
    /// What to tell of the keys that were left out.
    #[must_use]
    pub fn ignored_text(&self) -> String {
        match self.ignored.as_slice() {
            [] => String::new(),
            keys => format!("left out, as Timeloop never reads it: {}\n", keys.join(", ")),
        }
    }

    /// Everything as one TOML file of this crate.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = accelerator::write(&self.accelerator);
        text.push('\n');
        text.push_str(&crate::problem::write(&self.problem));
        if let Some(mapping) = &self.mapping {
            text.push('\n');
            let names = self.accelerator.level_names();
            text.push_str(&crate::mapping::write(mapping, &self.problem, &names));
        }
        text
    }
}

/// Top-level keys that hold nothing of the model: areas, and what only the mapper reads.
const LEFT_ALONE: &[&str] = &["ART"];
/// Top-level keys of the mapper; they do not change what a mapping costs.
const MAPPER: &[&str] =
    &["mapper", "mapspace", "mapspace_constraints", "architecture_constraints", "constraints"];

/// Reads files whose top-level keys together form one description.
///
/// # Errors
/// Every problem of the files: a part missing or given twice, keys that are not supported.
pub fn import(paths: &[PathBuf]) -> Result<Imported> {
    let documents: Vec<Document> =
        paths.iter().map(|path| Document::read_yaml(path)).collect::<Result<_>>()?;
    parse(&documents)
}

/// Reads parsed files.
///
/// # Errors
/// As [`import`].
pub fn parse(documents: &[Document]) -> Result<Imported> {
    let mut ignored = Vec::new();
    let documents: Vec<Document> =
        documents.iter().map(|document| plain::plain(document, &mut ignored)).collect();
    let roots: Vec<TableReader<'_>> = documents.iter().map(TableReader::root).collect();
    let mut problems = Problems::new();
    let find = |key: &'static str, problems: &mut Problems| {
        let mut found = None;
        for root in &roots {
            if !root.has(key) {
                continue;
            }
            if found.is_some() {
                let span = root.node(key).map_or(0..0, |node| node.span.clone());
                problems.push(Fault::new(format!("two files hold `{key}`")).at(
                    root.file(),
                    span,
                    "the second one",
                ));
                root.node(key);
                continue;
            }
            root.node(key);
            found = Some(root);
        }
        found
    };
    let need = |key: &'static str, problems: &mut Problems| {
        let found = find(key, problems);
        if found.is_none() {
            problems.push(
                Fault::new(format!("no file holds the Timeloop section `{key}`"))
                    .hint("give all files of the design in one command"),
            );
        }
        found
    };
    let architecture = need("architecture", &mut problems);
    let shape = need("problem", &mut problems);
    let tables = need("ERT", &mut problems);
    let mapped = find("mapping", &mut problems);
    let optimizations = find("sparse_optimizations", &mut problems);
    for root in &roots {
        for key in LEFT_ALONE.iter().chain(MAPPER) {
            root.node(key);
        }
    }
    let problem = shape.and_then(problem::read);
    let nodes = architecture.and_then(architecture::read);
    let imported = match (nodes, tables, &problem) {
        (Some(mut accelerator), Some(tables), Some(problem)) => {
            let priced = energy::read(tables, &mut accelerator);
            let sparse = optimizations
                .map_or(Some(()), |root| sparse::read(root, &mut accelerator, problem));
            let mapping = match mapped {
                None => Some(None),
                Some(root) => mapping::read(root, &accelerator, problem).map(Some),
            };
            priced.and(sparse).and(mapping).map(|mapping| (accelerator, mapping))
        }
        _ => None,
    };
    for root in &roots {
        unsupported(root);
        problems.extend(root.take_problems());
    }
    match (imported, problem) {
        (Some((accelerator, mapping)), Some(problem)) if problems.is_empty() => {
            Ok(Imported { accelerator, problem, mapping, ignored })
        }
        _ => Err(problems.into()),
    }
}
