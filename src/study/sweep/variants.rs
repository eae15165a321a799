//! Machines and networks with swept keys set.

use std::path::{Path, PathBuf};

use super::{
    axis::{Axis, Root, Swept},
    grid::steps_of,
    names::Named,
    spec::Spec,
};
use signloop_accelerator::mapper::Design;
use signloop_base::{
    Error, Result,
    config::{Document, Value},
    diagnostics::{Problem, Problems},
};
use signloop_machine::{self as arch, ArchKind, CpuArch};
use signloop_network::workload::{self, Workload};

/// Something read from a file with swept keys set, or why there is no such thing.
pub(super) type Variant<T> = Result<T, String>;

/// A machine of either kind.
#[derive(Debug)]
pub(super) enum Machine {
    /// A processor, whose programs are planned by method.
    Processor(Box<CpuArch>),
    /// An accelerator, on which layers are mapped.
    Accelerator(Design),
}

impl Machine {
    /// Reads a description of a kind.
    fn parse(document: &Document, kind: ArchKind) -> Result<Self> {
        match kind {
            ArchKind::Cpu => arch::parse(document).map(|arch| Self::Processor(Box::new(arch))),
            ArchKind::Accelerator => Design::parse(document).map(Self::Accelerator),
        }
    }
}

/// A machine and the values of its swept keys.
#[derive(Debug)]
pub(super) struct ArchVariant {
    /// The machine; an error says why the values make none.
    pub arch: Variant<Machine>,
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

pub(super) fn axes_of(spec: &Spec, root: Root) -> Vec<&Axis> {
    spec.axes.iter().filter(|axis| axis.root == root).collect()
}

/// The documents that variants are made from.
#[derive(Debug)]
pub(super) struct Documents {
    /// Machines, all of one kind.
    pub archs: Vec<Document>,
    /// Their kind.
    pub kind: ArchKind,
    /// Networks and the folders of their weights.
    pub workloads: Vec<(Document, PathBuf)>,
}

impl Documents {
    /// Opens every file; all problems at once.
    pub(super) fn open(spec: &Spec) -> Result<Self> {
        let mut problems = Problems::new();
        let archs = opened(&spec.archs, arch::open, &mut problems)?;
        let workloads = opened(&spec.workloads, workload::open, &mut problems)?;
        let kind = kind_of(spec, &archs, &mut problems)?;
        // The files by themselves are right, whatever the swept keys make of them.
        for document in &archs {
            problems.note(Machine::parse(document, kind).map(drop))?;
        }
        for (document, folder) in &workloads {
            problems.note(workload::from_document(document, folder).map(drop))?;
        }
        Ok(problems.into_result(Self { archs, kind, workloads })?)
    }

    /// A machine of the sweep.
    pub(super) fn arch(&self, spec: &Spec, variant: u64) -> ArchVariant {
        let axes = axes_of(spec, Root::Arch);
        let (file, steps) = steps_of(&axes, variant);
        let mut document = self.archs[file as usize].clone();
        let (values, set) = set_all(&mut document, &axes, &steps);
        let name = stem(&spec.archs[file as usize].path);
        let arch = set.and_then(|()| {
            Machine::parse(&document, self.kind).map_err(|error| first_line(&error))
        });
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

/// The kind of the machines, which is one: rows of processors and of accelerators differ.
fn kind_of(spec: &Spec, archs: &[Document], problems: &mut Problems) -> Result<ArchKind> {
    let mut first = None;
    for (document, named) in archs.iter().zip(&spec.archs) {
        let Some(kind) = problems.note(arch::kind(document))? else { continue };
        if *first.get_or_insert(kind) != kind {
            problems.push(
                Problem::new("processors and accelerators in one sweep")
                    .at(&spec.file, named.span.clone(), "not of the kind of the machines before")
                    .hint("their rows have other columns: sweep them one after the other"),
            );
            break;
        }
    }
    Ok(first.unwrap_or(ArchKind::Cpu))
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
        if let Some(value) = problems.note(open(&file.path))? {
            found.push(value);
        }
    }
    Ok(found)
}

pub(super) fn first_line(error: &Error) -> String {
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
