//! Reads a workload TOML, checks that its shapes chain, and reports all problems at once.

use std::path::{Path, PathBuf};

use super::{
    Node, OperandBits, Operation, Workload,
    chain::{added, pooled},
    network::MapShape,
    shape::MAX_DIMENSION,
    shipped::shipped,
    weight_source::read_source,
};
use signloop_base::{
    Result,
    config::{Bounds, Document, TableReader, Value},
    diagnostics::Problem,
};

pub(super) const DIMENSION: Bounds<u64> =
    Bounds { least: 1, greatest: MAX_DIMENSION, expected: "a positive integer" };
pub(super) const PADDING: Bounds<u64> =
    Bounds { least: 0, greatest: MAX_DIMENSION, expected: "a non-negative integer" };
const BITS: Bounds<u64> = Bounds { least: 1, greatest: 64, expected: "a width of 1 to 64 bits" };

/// Most nodes of one network; bounds the work on a hostile file.
const MAX_NODES: usize = 4096;

/// Reads a workload file. Weight files named in it are relative to its folder.
///
/// # Errors
/// Every problem of the file.
pub fn load(path: &Path) -> Result<Workload> {
    let document = Document::read(path)?;
    from_document(&document, path.parent().unwrap_or(Path::new("")))
}

/// Opens a workload file, or the shipped workload of that name, and says in which folder the
/// weight files named in it are.
///
/// # Errors
/// The file cannot be read or is not TOML, or no shipped workload has the name.
pub fn open(path: &Path) -> Result<(Document, PathBuf)> {
    if path.exists() || path.extension().is_some() {
        return Ok((Document::read(path)?, path.parent().unwrap_or(Path::new("")).to_owned()));
    }
    let name = path.to_string_lossy();
    if let Some((name, text)) = shipped().iter().find(|(own, _)| *own == name) {
        let document = Document::parse(&format!("workloads/{name}.toml"), (*text).to_owned())?;
        return Ok((document, PathBuf::new()));
    }
    let names: Vec<&str> = shipped().iter().map(|(name, _)| *name).collect();
    let problem = Problem::new(format!("no workload file or shipped workload `{name}`"));
    Err(problem.did_you_mean_or(&name, names, "`signloop list` prints the shipped ones").into())
}

/// Parses a workload text; `name` is used in messages and `folder` resolves weight files.
///
/// # Errors
/// Every problem of the text.
pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Workload> {
    from_document(&Document::parse(name, text.to_owned())?, folder)
}

/// What a layer inherits from `[defaults]`.
pub(super) struct Defaults {
    pub(super) quantized: bool,
    pub(super) bits: OperandBits,
}

/// Reads a parsed workload; `folder` resolves weight files.
///
/// # Errors
/// Every problem of the document.
pub fn from_document(document: &Document, folder: &Path) -> Result<Workload> {
    let root = TableReader::root(document);
    let name = root.text("name").map(|text| text.value).unwrap_or_default();
    let description = root.opt_text("description").map(|text| text.value).unwrap_or_default();
    let dataset = root.opt_text("dataset").map(|text| text.value).unwrap_or_default();
    let input = root.require_nested("input").map(|table| read_input(&table));
    let defaults = read_defaults(root.opt_nested("defaults").as_ref());
    let weights = root.require_nested("weights").and_then(|table| read_source(&table, folder));
    let mut builder = Builder { input: input.unwrap_or(None), nodes: Vec::new(), defaults };
    let tables = root.tables("layer");
    if tables.is_empty() && !root.has("layer") {
        root.push(
            Problem::new("the workload has no layers")
                .at(root.file(), 0..0, "expected at least one `[[layer]]`")
                .hint("copy one from `workloads/resnet20-cifar10.toml`"),
        );
    }
    if tables.len() > MAX_NODES {
        root.problem("too many layers", tables[MAX_NODES].span(), "at most 4096 are read");
    }
    for table in tables.iter().take(MAX_NODES) {
        // Which keys are known depends on the kind, so without one none is called unknown.
        if builder.read_node(table) {
            table.finish();
        }
    }
    root.finish();
    root.take_problems().into_result(())?;
    match (builder.input, weights) {
        (Some(input), Some(weights)) => {
            Ok(Workload { name, description, dataset, input, nodes: builder.finish(), weights })
        }
        _ => Err(signloop_base::Error::Internal("a workload without problems lacks a part".into())),
    }
}

fn read_input(table: &TableReader<'_>) -> Option<MapShape> {
    let map = read_map(table, Some(1));
    table.finish();
    map
}

/// Four sizes of a map; `batch` is the one that is not stated.
fn read_map(table: &TableReader<'_>, batch: Option<u64>) -> Option<MapShape> {
    let batch = table.opt_integer("batch", DIMENSION).map(|batch| batch.value).or(batch);
    let channels = table.integer("channels", DIMENSION);
    let height = table.integer("height", DIMENSION);
    let width = table.integer("width", DIMENSION);
    let (channels, height, width) = (channels?.value, height?.value, width?.value);
    let map = MapShape { batch: batch?, channels, height, width };
    note(table, map.checked())
}

fn read_defaults(table: Option<&TableReader<'_>>) -> Defaults {
    let standard = OperandBits { activation: 8, weight: 32, accumulator: 32, output: 8 };
    let Some(table) = table else { return Defaults { quantized: true, bits: standard } };
    let quantized = table.flag("quantized", true);
    let bits = read_bits(table, standard);
    table.finish();
    Defaults { quantized, bits }
}

pub(super) fn read_bits(table: &TableReader<'_>, default: OperandBits) -> OperandBits {
    let bits =
        |key, default: u32| table.opt_integer(key, BITS).map_or(default, |bits| bits.value as u32);
    OperandBits {
        activation: bits("activation_bits", default.activation),
        weight: bits("weight_bits", default.weight),
        accumulator: bits("accumulator_bits", default.accumulator),
        output: bits("output_bits", default.output),
    }
}

/// Builds the node list; a node that fails leaves `None`, so that its readers stay silent
/// instead of repeating its problem.
pub(super) struct Builder {
    input: Option<MapShape>,
    nodes: Vec<(String, Option<Node>)>,
    pub(super) defaults: Defaults,
}

/// A shape that is not known because an earlier problem hides it.
struct Unknown;

impl Builder {
    fn finish(self) -> Vec<Node> {
        self.nodes.into_iter().filter_map(|(_, node)| node).collect()
    }

    fn read_node(&mut self, table: &TableReader<'_>) -> bool {
        let name = table.text("name");
        if let Some(name) = &name
            && (name.value == "input" || self.nodes.iter().any(|(other, _)| *other == name.value))
        {
            let message = format!("the name `{}` is taken", name.value);
            table.problem(message, name.span.clone(), "expected a name of its own");
        }
        let kinds = [
            ("conv", Kind::Conv),
            ("depthwise", Kind::Depthwise),
            ("linear", Kind::Linear),
            ("max-pool", Kind::Pool { average: false }),
            ("average-pool", Kind::Pool { average: true }),
            ("global-pool", Kind::GlobalPool),
            ("add", Kind::Add),
            ("rearrange", Kind::Rearrange),
        ];
        let kind = if table.has("kind") {
            table.opt_choice("kind", &kinds)
        } else {
            table.require("kind");
            None
        };
        let name = name.map_or_else(String::new, |name| name.value);
        let known = kind.is_some();
        let node = kind.and_then(|kind| self.read_operation(table, &name, kind.value));
        self.nodes.push((name, node));
        known
    }

    fn read_operation(&self, table: &TableReader<'_>, name: &str, kind: Kind) -> Option<Node> {
        let inputs = self.read_inputs(table, kind);
        let inputs = inputs.as_ref();
        let map = inputs.map(|inputs| inputs[0].1);
        let (operation, output) = match kind {
            Kind::Conv | Kind::Depthwise | Kind::Linear => {
                let layer = self.read_layer(table, name, kind, map)?;
                let shape = layer.shape;
                let output = MapShape {
                    batch: shape.batch,
                    channels: shape.out_channels,
                    height: shape.out_height(),
                    width: shape.out_width(),
                };
                (Operation::Layer(layer), output)
            }
            Kind::Pool { average } => {
                let kernel = table.integer("kernel", DIMENSION);
                let stride = table.integer("stride", DIMENSION);
                let padding = table.opt_integer("padding", PADDING).map_or(0, |pad| pad.value);
                let (kernel, stride) = (kernel?.value, stride?.value);
                let output = note(table, pooled(map?, kernel, stride, padding))?;
                (Operation::Pool { kernel, stride, padding, average }, output)
            }
            Kind::GlobalPool => (Operation::GlobalPool, MapShape { height: 1, width: 1, ..map? }),
            Kind::Add => {
                let inputs = inputs?;
                (Operation::Add, note(table, added(inputs[0].1, inputs[1].1))?)
            }
            Kind::Rearrange => {
                let output = read_map(table, self.input.map(|input| input.batch));
                (Operation::Rearrange, output?)
            }
        };
        let inputs = inputs?.iter().map(|(index, _)| *index).collect();
        Some(Node { name: name.to_owned(), inputs, operation, output })
    }

    /// The nodes read: `input = "name"`, or `inputs = ["a", "b"]` for an `add` (two) and a
    /// `rearrange` (one or more), else the node before.
    fn read_inputs(
        &self,
        table: &TableReader<'_>,
        kind: Kind,
    ) -> Option<Vec<(Option<usize>, MapShape)>> {
        if !(matches!(kind, Kind::Add) || matches!(kind, Kind::Rearrange) && table.has("inputs")) {
            let found = match table.opt_text("input") {
                Some(name) => self.find(table, &name.value, name.span),
                None => self.before(),
            };
            return found.ok().map(|found| vec![found]);
        }
        let items = table.items("inputs");
        let wrong = match kind {
            Kind::Add => (items.len() != 2).then_some("`inputs` names the two maps to add"),
            _ => items.is_empty().then_some("`inputs` names the maps to rearrange"),
        };
        if let Some(wrong) = wrong {
            let span = table.table().get("inputs").map_or(table.span(), |node| node.span.clone());
            let label = if matches!(kind, Kind::Add) { "expected two names" } else { "none given" };
            table.problem(wrong, span, label);
            return None;
        }
        let count = items.len();
        let mut found = Vec::with_capacity(count);
        for item in items {
            let Value::Text(name) = &item.value else {
                let label = format!("expected a layer's name, found {}", item.value.kind());
                table.problem("wrong type in `inputs`", item.span.clone(), label);
                continue;
            };
            found.extend(self.find(table, name, item.span.clone()));
        }
        (found.len() == count).then_some(found)
    }

    fn before(&self) -> std::result::Result<(Option<usize>, MapShape), Unknown> {
        match self.nodes.last() {
            None => self.input.map(|input| (None, input)).ok_or(Unknown),
            Some((_, Some(node))) => Ok((Some(self.nodes.len() - 1), node.output)),
            Some((_, None)) => Err(Unknown),
        }
    }

    fn find(
        &self,
        table: &TableReader<'_>,
        name: &str,
        span: std::ops::Range<usize>,
    ) -> std::result::Result<(Option<usize>, MapShape), Unknown> {
        if name == "input" {
            return self.input.map(|input| (None, input)).ok_or(Unknown);
        }
        if let Some(index) = self.nodes.iter().position(|(other, _)| other == name) {
            return match &self.nodes[index].1 {
                Some(node) => Ok((Some(index), node.output)),
                None => Err(Unknown),
            };
        }
        let problem = Problem::new(format!("no earlier layer is named `{name}`")).at(
            table.file(),
            span,
            "expected `input` or the name of a layer above",
        );
        table.push(problem.did_you_mean(name, self.nodes.iter().map(|(other, _)| other.as_str())));
        Err(Unknown)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Conv,
    Depthwise,
    Linear,
    Pool { average: bool },
    GlobalPool,
    Add,
    Rearrange,
}

/// Turns a shape rule that is broken into a problem of the layer's table.
pub(super) fn note<T>(
    table: &TableReader<'_>,
    result: std::result::Result<T, String>,
) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(message) => {
            table.problem("impossible layer shape", table.span(), message);
            None
        }
    }
}
