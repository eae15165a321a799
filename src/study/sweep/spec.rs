//! The sweep file: which machines, networks, schemes and methods, and which keys take which values.

use std::{ops::Range, path::Path};

use super::{
    axis::{Axis, MAX_STEPS, read_axis},
    names::{Named, files, words},
};
use signloop_base::{
    Error, Result,
    config::{Document, Located, TableReader},
    diagnostics::SourceFile,
};
use signloop_method::{self as method, Method};
use signloop_network::quant::Scheme;

/// What to do with a combination that no machine or network can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// Refuse the sweep before it begins.
    Error,
    /// Write a row that says why.
    Skip,
}

/// What one row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// A whole network: the sum of its quantised layers, and the others apart.
    Network,
    /// One layer.
    Layer,
}

/// A checked sweep file.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The file, for problems that appear later.
    pub file: SourceFile,
    /// Machines.
    pub archs: Vec<Named>,
    /// Networks.
    pub workloads: Vec<Named>,
    /// Schemes.
    pub schemes: Vec<Located<Scheme>>,
    /// Methods by name, in the order of the file.
    pub methods: Vec<&'static dyn Method>,
    /// Where they were written, if they were.
    pub methods_at: Option<Range<usize>>,
    /// Swept keys in file order.
    pub axes: Vec<Axis>,
    /// What to do with impossible combinations.
    pub on_invalid: OnInvalid,
    /// What one row is.
    pub rows: Rows,
}

/// Most axes.
const MAX_AXES: usize = 32;

impl Spec {
    /// Reads a sweep file.
    ///
    /// # Errors
    /// Every problem of the file.
    pub fn load(path: &Path) -> Result<Self> {
        Self::of(&Document::read(path)?, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads a parsed sweep file; files named in it are relative to `folder`.
    ///
    /// # Errors
    /// Every problem of the document.
    pub fn of(document: &Document, folder: &Path) -> Result<Self> {
        let root = TableReader::root(document);
        let grid = root.require_nested("grid");
        let (mut archs, mut workloads, mut schemes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut methods, mut methods_at) = (Vec::new(), None);
        if let Some(grid) = &grid {
            archs = files(grid, "arch", folder);
            workloads = files(grid, "workload", folder);
            schemes = words(grid, "scheme", true, |name| name.parse::<Scheme>());
            let named = words(grid, "method", false, method::find);
            methods = named.into_iter().map(|method| method.value).collect();
            methods_at = grid.table().get("method").map(|node| node.span.clone());
            if methods_at.is_none() {
                methods = method::registry().to_vec();
            }
            grid.finish();
        }
        let words = [("error", OnInvalid::Error), ("skip", OnInvalid::Skip)];
        let on_invalid =
            root.opt_choice("on_invalid", &words).map_or(OnInvalid::Error, |found| found.value);
        let words = [("network", Rows::Network), ("layer", Rows::Layer)];
        let rows = root.opt_choice("rows", &words).map_or(Rows::Network, |found| found.value);
        let mut axes: Vec<Axis> = Vec::new();
        let tables = root.tables("axis");
        if tables.len() > MAX_AXES {
            root.problem("too many axes", tables[MAX_AXES].span(), "at most 32 are swept");
        }
        let mut steps = 0;
        for table in tables.iter().take(MAX_AXES) {
            if let Some(axis) = read_axis(table) {
                steps += axis.steps.len();
                if steps > MAX_STEPS {
                    let label = "at most 1048576 in all axes together";
                    root.problem("the axes have too many values", table.span(), label);
                    break;
                }
                let twice = axis.names.iter().find(|name| {
                    axes.iter().any(|other| other.names.contains(name))
                        || axis.names.iter().filter(|other| other == name).count() > 1
                });
                if let Some(name) = twice {
                    table.problem(
                        format!("`{name}` is swept twice"),
                        table.span(),
                        "expected each key once",
                    );
                }
                axes.push(axis);
            }
            table.finish();
        }
        root.finish();
        root.take_problems().into_result(()).map_err(Error::from)?;
        let file = document.file.clone();
        Ok(Self { file, archs, workloads, schemes, methods, methods_at, axes, on_invalid, rows })
    }
}
