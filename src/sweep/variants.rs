//! Machines and networks with swept keys set.

use std::path::{Path, PathBuf};

use super::{
    grid::steps_of,
    spec::{Axis, Named, Root, Spec, Swept},
};
use crate::{
    Error, Result,
    arch::{self, CpuArch},
    config::{Document, Value},
    diagnostics::{Problem, Problems},
    method::PlanOptions,
    selection::iterations_of,
    workload::{self, Workload},
};

/// Something read from a file with swept keys set, or why there is no such thing.
pub(super) type Variant<T> = Result<T, String>;

/// A machine and the values of its swept keys.
#[derive(Debug)]
pub(super) struct ArchVariant {
    /// The machine; an error says why the values make none.
    pub arch: Variant<CpuArch>,
    /// Name of the machine's file.
    pub name: String,
    /// The values in axis order, one a key, as written in a row.
    pub values: Vec<String>,
}

/// A network and the values of its swept keys.
#[derive(Debug)]
pub(super) struct WorkloadVariant {
    /// The network; an error says why the values make none.
    pub workload: Variant<Workload>,
    /// Name of the network's file.
    pub name: String,
    /// The values in axis order, one a key.
    pub values: Vec<String>,
}

/// Options of planning with swept values, and those values.
pub(super) fn plan_options(spec: &Spec, variant: u64) -> (PlanOptions, Vec<String>) {
    let axes = axes_of(spec, Root::Plan);
    let (_, steps) = steps_of(&axes, variant);
    let mut options = PlanOptions::default();
    let mut values = Vec::new();
    for (axis, step) in axes.iter().zip(steps) {
        for (path, value) in axis.paths.iter().zip(&axis.steps[step].value) {
            // Checked when the sweep was opened.
            if let Ok(written) = set_option(&mut options, &path.to_string(), value) {
                values.push(written);
            }
        }
    }
    (options, values)
}

/// Sets an option of planning; returns its value as written in a row, or what it should be.
fn set_option(
    options: &mut PlanOptions,
    name: &str,
    value: &Swept,
) -> Result<String, &'static str> {
    let integer = match value {
        Swept::Value(Value::Integer(integer)) => u64::try_from(*integer).ok(),
        _ => None,
    };
    let number = match value {
        Swept::Value(Value::Integer(integer)) => *integer as f64,
        Swept::Value(Value::Float(number)) => *number,
        _ => f64::NAN,
    };
    let place = match name {
        "seed" => &mut options.seed,
        "effort_s" => {
            let iterations = iterations_of(number).map_err(|_| "expected 0 to 86400 seconds")?;
            options.search_iterations = iterations;
            return Ok(number.to_string());
        }
        _ => &mut options.search_iterations,
    };
    *place = integer.ok_or("expected a non-negative integer")?;
    Ok(place.to_string())
}

/// Every value must be one that planning takes.
pub(super) fn check_plan_axes(spec: &Spec, problems: &mut Problems) {
    let axes = axes_of(spec, Root::Plan);
    for axis in &axes {
        for step in &axis.steps {
            let wrong = axis.paths.iter().zip(&step.value).find_map(|(path, value)| {
                set_option(&mut PlanOptions::default(), &path.to_string(), value).err()
            });
            if let Some(expected) = wrong {
                problems.push(
                    Problem::new(format!("wrong value for `{}`", axis.names.join("`, `"))).at(
                        &spec.file,
                        step.span.clone(),
                        expected,
                    ),
                );
            }
        }
    }
    let swept = |name: &str| axes.iter().any(|axis| axis.names.iter().any(|own| own == name));
    if swept("plan.effort_s") && swept("plan.search_iterations") {
        problems.push(
            Problem::new("`plan.effort_s` and `plan.search_iterations` are one option")
                .in_file(spec.file.name())
                .hint("sweep one of them"),
        );
    }
}

pub(super) fn axes_of(spec: &Spec, root: Root) -> Vec<&Axis> {
    spec.axes.iter().filter(|axis| axis.root == root).collect()
}

/// The documents that variants are made from.
#[derive(Debug)]
pub(super) struct Documents {
    /// Machines.
    pub archs: Vec<Document>,
    /// Networks and the folders of their weights.
    pub workloads: Vec<(Document, PathBuf)>,
}

impl Documents {
    /// Opens every file; all problems at once.
    pub(super) fn open(spec: &Spec) -> Result<Self> {
        let mut problems = Problems::new();
        let archs = opened(&spec.archs, arch::open, &mut problems)?;
        let workloads = opened(&spec.workloads, workload::open, &mut problems)?;
        // The files by themselves are right, whatever the swept keys make of them.
        for document in &archs {
            note(arch::parse(document).map(drop), &mut problems)?;
        }
        for (document, folder) in &workloads {
            note(workload::from_document(document, folder).map(drop), &mut problems)?;
        }
        Ok(problems.into_result(Self { archs, workloads })?)
    }

    /// A machine of the sweep.
    pub(super) fn arch(&self, spec: &Spec, variant: u64) -> ArchVariant {
        let axes = axes_of(spec, Root::Arch);
        let (file, steps) = steps_of(&axes, variant);
        let mut document = self.archs[file as usize].clone();
        let (values, set) = set_all(&mut document, &axes, &steps);
        let name = stem(&spec.archs[file as usize].path);
        let arch = set.and_then(|()| arch::parse(&document).map_err(|error| first_line(&error)));
        ArchVariant { arch, name, values }
    }

    /// A network of the sweep.
    pub(super) fn workload(&self, spec: &Spec, variant: u64) -> WorkloadVariant {
        let axes = axes_of(spec, Root::Workload);
        let (file, steps) = steps_of(&axes, variant);
        let (mut document, folder) = self.workloads[file as usize].clone();
        let (values, set) = set_all(&mut document, &axes, &steps);
        let name = stem(&spec.workloads[file as usize].path);
        let workload = set.and_then(|()| {
            workload::from_document(&document, &folder).map_err(|error| first_line(&error))
        });
        WorkloadVariant { workload, name, values }
    }
}

/// Where the first swept key of a variant was written, for a problem about the variant.
pub(super) fn blame(spec: &Spec, root: Root, variant: u64) -> (String, std::ops::Range<usize>) {
    let axes = axes_of(spec, root);
    let (file, steps) = steps_of(&axes, variant);
    let named = if root == Root::Arch { &spec.archs } else { &spec.workloads };
    let file = &named[file as usize];
    let mut text = format!("`{}`", file.path.display());
    let mut span = file.span.clone();
    for (axis, step) in axes.iter().zip(steps) {
        let step = &axis.steps[step];
        span = step.span.clone();
        for (name, value) in axis.names.iter().zip(&step.value) {
            let value = match value {
                Swept::Value(value) => format!("= {}", written(value)),
                Swept::Times(factor) => format!("times {factor}"),
            };
            text = format!("{text}, `{name}` {value}");
        }
    }
    (text, span)
}

/// Sets every swept key. Returns the values of the row, absent ones empty.
fn set_all(document: &mut Document, axes: &[&Axis], steps: &[usize]) -> (Vec<String>, Variant<()>) {
    let mut values = Vec::new();
    let mut outcome = Ok(());
    for (axis, step) in axes.iter().zip(steps) {
        let keys = axis.names.iter().zip(&axis.paths);
        for ((name, path), swept) in keys.zip(&axis.steps[*step].value) {
            match path.set(&mut document.root, |old| changed(old, swept)) {
                Ok(value) => values.push(written(&value)),
                Err(message) => {
                    values.push(match swept {
                        Swept::Value(value) => written(value),
                        Swept::Times(_) => String::new(),
                    });
                    if outcome.is_ok() {
                        outcome = Err(format!("`{name}`: {message}"));
                    }
                }
            }
        }
    }
    (values, outcome)
}

fn changed(old: Option<&Value>, swept: &Swept) -> Result<Value, String> {
    let factor = match swept {
        Swept::Value(value) => return Ok(value.clone()),
        Swept::Times(factor) => *factor,
    };
    match old {
        Some(Value::Integer(old)) => {
            let product = *old as f64 * factor;
            // Sizes and counts are whole; 2^53 is far above any.
            if (product - product.round()).abs() > 1e-9 || product.abs() > 9e15 {
                return Err(format!("{old} times {factor} is no integer"));
            }
            Ok(Value::Integer(product.round() as i64))
        }
        Some(Value::Float(old)) => Ok(Value::Float(old * factor)),
        Some(other) => Err(format!("cannot be multiplied: it is {}", other.kind())),
        None => Err("cannot be multiplied: the file does not say it".to_owned()),
    }
}

/// A value as a field of a row.
fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(_) | Value::Datetime => String::new(),
    }
}

fn opened<T>(
    files: &[Named],
    open: impl Fn(&Path) -> Result<T>,
    problems: &mut Problems,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for file in files {
        if let Some(value) = note(open(&file.path), problems)? {
            found.push(value);
        }
    }
    Ok(found)
}

/// Collects problems of the input; other errors end the work.
fn note<T>(outcome: Result<T>, problems: &mut Problems) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Error::Input(found)) => {
            problems.extend(found);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn first_line(error: &Error) -> String {
    match error {
        Error::Input(problems) => {
            let messages: Vec<&str> = problems.iter().map(Problem::message).collect();
            messages.join("; ")
        }
        other => other.to_string(),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
