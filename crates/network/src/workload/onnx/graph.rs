//! From an ONNX graph to a workload file and its weights.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    external::External,
    fold::fold,
    input::{Input, Options, input},
    model::{Model, Node, Size, held, shown},
    operators::{Kind, kind},
    refusal::{Refusal, refuse},
    sizes::{MAX_RANK, Seen, product, sizes_of},
    tensor::Constant,
    values::{Map, Value, natural},
};
use crate::workload::{
    MapShape,
    latent::LatentTensor,
    write::{Entry, head, rearrange},
};
use signloop_base::{
    config::quoted,
    diagnostics::{Problem, Problems},
};

/// A node that became no layer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name, or its first output's.
    pub node: String,
    /// The operator.
    pub op: String,
    /// Why.
    pub reason: String,
}

/// What an import found.
#[derive(Debug)]
pub struct Imported {
    /// The workload file, without its `[weights]` table: text before it, and after.
    pub toml: (String, String),
    /// The layers' weights by tensor name, PyTorch order.
    pub tensors: BTreeMap<String, LatentTensor>,
    /// Names of the layers with weights, in order.
    pub layers: Vec<String>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// What was taken for granted, or written in another form than the model's.
    pub notes: Vec<String>,
}

/// Most weights of all layers together for each byte of the model. Layers may share a tensor, which
/// each then has for itself; without a bound a small file with many such layers fills the memory.
const MAX_VALUES_A_BYTE: u64 = 16;

/// Most reasons that are told at once.
const MOST_PROBLEMS: usize = 64;

/// Versions of the standard operators that are read.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=23;

/// Reads an ONNX model.
///
/// # Errors
/// Every node that a workload cannot express, and every tensor whose sizes are not those that the
/// model states.
pub fn import(bytes: &[u8], options: &Options<'_>) -> Result<Imported, Problems> {
    let mut problems = Problems::new();
    let mut tell = |subject: &str, refusal: Refusal| {
        let message = format!("{subject}{}", refusal.why);
        problems.push(Problem::new(message).in_file(options.file).hint(refusal.todo));
    };
    match begin(bytes, options) {
        Ok((mut importer, nodes)) => {
            for (index, node) in nodes.iter().enumerate() {
                importer.node(index, node);
            }
            if !importer.has_layers && importer.problems.is_empty() {
                let why = "the model has no convolution and no linear layer".to_owned();
                let todo =
                    "a workload needs one; a model of other operators costs no products".to_owned();
                importer.problems.push((String::new(), Refusal { why, todo }));
            }
            if importer.problems.is_empty() {
                return Ok(importer.imported(options));
            }
            for (subject, refusal) in importer.problems.into_iter().take(MOST_PROBLEMS) {
                tell(&subject, refusal);
            }
        }
        Err(refusal) => tell("", refusal),
    }
    Err(problems)
}

fn begin<'o>(bytes: &[u8], options: &Options<'o>) -> Result<(Importer<'o>, Vec<Node>), Refusal> {
    let mut external = External::new(options.folder);
    let mut model = Model::parse(bytes, &mut external)?;
    // Rules read attributes and inputs in the form of every version, so that a model that states
    // none, as no valid one does, is read all the same.
    if let Some(opset) = model.opset.filter(|opset| !OPSETS.contains(opset)) {
        let (least, most) = (OPSETS.start(), OPSETS.end());
        return refuse(
            format!("the model uses version {opset} of the operators, {least} to {most} are read"),
            "convert it with `onnx.version_converter.convert_version(model, 17)`",
        );
    }
    let Input { name, sizes, named, notes } = input(&model, options)?;
    product(&sizes)?;
    // Sequences of features and signals of channels look alike: who reads them tells.
    let reads_channels = |node: &Node| {
        node.inputs.first() == Some(&name)
            && matches!(
                kind(node),
                Kind::Convolution | Kind::Transposed | Kind::Pool | Kind::GlobalPool
            )
    };
    let channels_last = sizes.len() == 3 && !model.nodes.iter().any(reads_channels);
    let shape = natural(&sizes, channels_last);
    let map = Map { node: "input".to_owned(), shape, sizes, channels_last, shortcut: false };
    let all_bytes = (bytes.len() as u64).saturating_add(external.bytes());
    let values_left = usize::try_from(all_bytes.saturating_mul(MAX_VALUES_A_BYTE));
    let mut values: BTreeMap<String, Value> = std::mem::take(&mut model.tensors)
        .into_iter()
        .map(|(name, read)| (name, read.map_or_else(Value::Unknown, Value::constant)))
        .collect();
    values.insert(name, Value::Map(map));
    let importer = Importer {
        title: model.name,
        stated: model.stated,
        named,
        batch: shape.batch,
        input: shape,
        values,
        names: BTreeMap::from([("input".to_owned(), 1)]),
        views: BTreeSet::new(),
        values_left: values_left.unwrap_or(usize::MAX),
        before: "input".to_owned(),
        entries: Vec::new(),
        tensors: BTreeMap::new(),
        layers: Vec::new(),
        has_layers: false,
        skipped: Vec::new(),
        notes,
        problems: Vec::new(),
        fp32: options.fp32,
    };
    Ok((importer, model.nodes))
}

/// An import on its way; `layers.rs`, `maps.rs` and `activations.rs` have the operators.
pub(super) struct Importer<'o> {
    title: String,
    pub(super) stated: BTreeMap<String, Vec<Size>>,
    named: BTreeMap<String, u64>,
    /// Images at once.
    pub(super) batch: u64,
    input: MapShape,
    pub(super) values: BTreeMap<String, Value>,
    /// Names taken, and how often each was asked for.
    names: BTreeMap<String, u32>,
    /// Nodes that rearrange, by name.
    views: BTreeSet<String>,
    /// The node of the workload before; it is the input of the next unless said otherwise.
    before: String,
    entries: Vec<Entry>,
    tensors: BTreeMap<String, LatentTensor>,
    /// Layers with weights: the place of the entry, and the name.
    layers: Vec<(usize, String)>,
    /// Whether there is any layer; products of two activations have no weights.
    pub(super) has_layers: bool,
    /// How many more values constants and layers may hold.
    values_left: usize,
    skipped: Vec<Skipped>,
    pub(super) notes: Vec<String>,
    problems: Vec<(String, Refusal)>,
    fp32: &'o [i64],
}

impl Importer<'_> {
    fn imported(mut self, options: &Options<'_>) -> Imported {
        let count = self.layers.len() as i64;
        for (place, (entry, _)) in self.layers.iter().enumerate() {
            let place = place as i64;
            if self.fp32.iter().any(|at| *at == place || *at + count == place) {
                self.entries[*entry].key("quantized", false);
            }
        }
        let title = if self.title.is_empty() { options.name } else { &self.title };
        let description = format!("imported from the ONNX graph {title}");
        let MapShape { batch, channels, height, width } = self.input;
        let head = head((options.name, &description, ""), (batch, channels, height, width), "");
        Imported {
            toml: (head, self.entries.iter().map(Entry::text).collect()),
            tensors: self.tensors,
            layers: self.layers.into_iter().map(|(_, name)| name).collect(),
            skipped: self.skipped,
            notes: self.notes,
        }
    }

    fn node(&mut self, index: usize, node: &Node) {
        let told = node.shown(index);
        let made = self.outcome(node, &told).and_then(|values| {
            self.hold(node, &values)?;
            Ok(values)
        });
        let values = made.unwrap_or_else(|refusal| {
            self.problems.push((format!("`{told}` ({}): ", node.op), refusal));
            // What follows is silent: the fault has been told here.
            vec![Value::Silent; node.outputs.len()]
        });
        let absent = || {
            Value::Unknown(Refusal {
                why: format!("`{told}` ({}) gives it beside its main output", node.op),
                todo: "only the first output of such a node is read".to_owned(),
            })
        };
        let values = values.into_iter().map(Some).chain(std::iter::repeat(None));
        for (output, value) in node.outputs.iter().zip(values) {
            self.values.insert(output.clone(), value.unwrap_or_else(absent));
        }
    }

    /// The values that a node gives.
    fn outcome(&mut self, node: &Node, shown: &str) -> Result<Vec<Value>, Refusal> {
        let kind = kind(node);
        if kind == Kind::Constant {
            let read = held(node).ok_or("it holds no tensor of numbers")?;
            return Ok(vec![read.map_or_else(Value::Unknown, Value::constant)]);
        }
        for (at, name) in node.inputs.iter().enumerate() {
            let value = match self.values.get(name) {
                Some(value) => value,
                None if name.is_empty() => continue,
                None => return Err(format!("no node before it gives its input `{name}`").into()),
            };
            match value {
                Value::Silent => return Ok(vec![Value::Silent; node.outputs.len()]),
                // A bias or a statistic changes no size.
                Value::Unknown(_) if at > 0 && matches!(kind, Kind::Pass(_)) => {}
                Value::Unknown(_) if at > 1 && is_layer(kind) => {}
                Value::Unknown(why) if is_layer(kind) || matches!(kind, Kind::Unknown(_)) => {
                    return refuse(format!("it reads `{name}`: {}", why.why), &why.todo);
                }
                Value::Unknown(why) => {
                    return Ok(vec![Value::Unknown(why.clone()); node.outputs.len()]);
                }
                Value::Constant(_) | Value::Map(_) => {}
            }
        }
        if let Some(values) = self.constants(node, kind, shown)? {
            return Ok(values);
        }
        let one = |value: Value| Ok(vec![value]);
        match kind {
            Kind::Convolution => self.conv(node, shown).and_then(one),
            Kind::Transposed => self.transposed(node, shown).and_then(one),
            Kind::Linear => self.linear(node, shown).and_then(one),
            Kind::Pool => self.pool(node, shown),
            Kind::GlobalPool => self.global_pool(node).and_then(one),
            Kind::Sum => self.sum(node, shown).and_then(one),
            Kind::Combine => self.combine(node, shown).and_then(one),
            Kind::Pass(reason) => {
                let map = self.map(node, 0)?;
                self.skip(node, shown, reason);
                let count = if node.op == "Dropout" { 2 } else { 1 };
                Ok(vec![Value::Map(map); count])
            }
            Kind::Move => self.moved(node, shown),
            Kind::Choice => {
                self.skip(node, shown, "what it chooses is known at run time only");
                let why =
                    format!("`{shown}` ({}) gives it, whose size depends on the image", node.op);
                let todo = "cut the network before it with `onnx.utils.extract_model`".to_owned();
                Ok(vec![Value::Unknown(Refusal { why, todo }); node.outputs.len()])
            }
            Kind::Unknown(todo) => refuse("the operator is not read", todo),
            Kind::Constant | Kind::Sizes => Err("it has no input".into()),
        }
    }

    /// What a node gives that reads constants only, or sizes.
    fn constants(
        &mut self,
        node: &Node,
        kind: Kind,
        shown: &str,
    ) -> Result<Option<Vec<Value>>, Refusal> {
        let value = |name: &String| self.values.get(name);
        if kind == Kind::Sizes {
            let Some(sizes) = node.inputs.first().and_then(value).and_then(Value::sizes) else {
                return Ok(None);
            };
            self.skip(node, shown, "it computes a shape");
            return sizes_of(node, &sizes).map(|constant| Some(vec![Value::constant(constant)]));
        }
        let read: Option<Vec<Option<Rc<Constant>>>> = node
            .inputs
            .iter()
            .map(|name| match value(name) {
                Some(Value::Constant(constant)) => Some(Some(Rc::clone(constant))),
                None if name.is_empty() => Some(None),
                _ => None,
            })
            .collect();
        let Some(read) = read else { return Ok(None) };
        let read: Vec<Option<&Constant>> = read.iter().map(Option::as_deref).collect();
        if let Some(made) = fold(node, &read, &mut self.values_left)? {
            return Ok(Some(made.into_iter().map(Value::constant).collect()));
        }
        let why =
            format!("`{shown}` ({}) computes it from constants, and has no rule here", node.op);
        let todo =
            "fold the constants before: `python -m onnxsim model.onnx folded.onnx`".to_owned();
        Ok(Some(vec![Value::Unknown(Refusal { why, todo }); node.outputs.len()]))
    }

    /// Holds the sizes that came out against those that the model states.
    fn hold(&self, node: &Node, values: &[Value]) -> Result<(), Refusal> {
        for (name, value) in node.outputs.iter().zip(values) {
            let Some(sizes) = value.sizes() else { continue };
            if matches!(value, Value::Map(_)) {
                product(&sizes)?;
                if sizes.contains(&0) || sizes.len() > MAX_RANK {
                    return Err(format!("its output `{name}` has the sizes {sizes:?}").into());
                }
            }
            let Some(stated) = self.stated.get(name) else { continue };
            let agrees = stated.len() == sizes.len()
                && stated.iter().zip(&sizes).all(|(stated, size)| match stated {
                    Size::Fixed(stated) => stated == size,
                    Size::Named(name) => self.named.get(name).is_none_or(|stated| stated == size),
                    Size::Open => true,
                });
            if !agrees {
                return refuse(
                    format!(
                        "its output `{name}` comes out as {sizes:?}, the model states {}",
                        shown(stated)
                    ),
                    "the stated sizes are of another version of the graph: export it again, or \
                     clear `graph.value_info` and state the outputs anew",
                );
            }
        }
        Ok(())
    }

    pub(super) fn skip(&mut self, node: &Node, shown: &str, reason: &str) {
        self.skipped.push(Skipped {
            node: shown.to_owned(),
            op: node.op.clone(),
            reason: reason.to_owned(),
        });
    }

    /// The activation that an input of a node is.
    pub(super) fn map(&self, node: &Node, input: usize) -> Result<Map, Refusal> {
        let name = node.inputs.get(input).ok_or("an input is absent")?;
        match self.values.get(name) {
            Some(Value::Map(map)) => Ok(map.clone()),
            _ => refuse(
                format!("its input `{name}` is no activation"),
                "what depends on no input costs nothing at inference: fold it, `python -m onnxsim`",
            ),
        }
    }

    /// The sizes and constants that a node reads.
    pub(super) fn seen<'v>(values: &'v BTreeMap<String, Value>, node: &Node) -> Seen<'v> {
        let of = |name: &String| values.get(name);
        let constants = node.inputs.iter().map(|name| match of(name) {
            Some(Value::Constant(constant)) => Some(&**constant),
            _ => None,
        });
        Seen {
            sizes: node.inputs.iter().map(|name| of(name).and_then(Value::sizes)).collect(),
            constants: constants.collect(),
        }
    }

    /// The constant tensor that a layer reads, to be copied by it.
    pub(super) fn weights(&mut self, node: &Node, input: usize) -> Result<Rc<Constant>, Refusal> {
        let name = node.inputs.get(input).ok_or("it has no weights")?;
        match self.values.get(name) {
            Some(Value::Constant(constant)) => {
                let constant = Rc::clone(constant);
                let left = self.values_left.checked_sub(constant.len());
                self.values_left = left.ok_or("too many layers share their weights")?;
                Ok(constant)
            }
            _ => refuse(
                format!("its weights `{name}` are no constant: they depend on the network's input"),
                "a layer has weights of its own; weights that are computed are not read",
            ),
        }
    }

    /// A name that nothing else has.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        while self.names.contains_key(&unique) {
            let asked = self.names.entry(name.to_owned()).or_insert(1);
            *asked += 1;
            unique = format!("{name}-{asked}");
        }
        self.names.insert(unique.clone(), 1);
        unique
    }

    /// The name of a node: that of its weights without `.weight`, else its own.
    pub(super) fn name(&mut self, node: &Node, weights: Option<(usize, &Constant)>) -> String {
        let read = weights.and_then(|(input, weights)| {
            // The name that the layer reads, or that of the initialiser behind it.
            let own = node.inputs.get(input).and_then(|name| name.strip_suffix(".weight"));
            own.or_else(|| weights.name.strip_suffix(".weight"))
        });
        let name = match read {
            Some(name) => name.to_owned(),
            None if !node.name.is_empty() => node.name.trim_matches('/').replace('/', "."),
            None => node.op.to_lowercase(),
        };
        self.unique(&name)
    }

    pub(super) fn entry(&self, name: &str, kind: &str, source: &str) -> Entry {
        let mut entry = Entry::new(name, kind);
        if source != self.before {
            entry.key("input", quoted(source));
        }
        entry
    }

    pub(super) fn finish(&mut self, name: &str, entry: Entry) {
        self.entries.push(entry);
        name.clone_into(&mut self.before);
    }

    pub(super) fn finish_layer(&mut self, name: &str, entry: Entry, tensor: LatentTensor) {
        self.tensors.insert(format!("{name}.weight"), tensor);
        self.layers.push((self.entries.len(), name.to_owned()));
        self.has_layers = true;
        self.finish(name, entry);
    }

    /// The node that gives a map in the shape that its reader wants: its own, or one that
    /// rearranges it.
    pub(super) fn view(&mut self, map: &Map, wanted: MapShape) -> String {
        if map.shape == wanted {
            return map.node.clone();
        }
        let MapShape { batch, channels, height, width } = wanted;
        let images = if batch == self.batch { String::new() } else { format!("{batch}x") };
        let name = format!("{}-{images}{channels}x{height}x{width}", map.node);
        if !self.views.contains(&name) {
            // A layer of the model may be called so.
            let unique = self.unique(&name);
            self.rearranged(&unique, &[&map.node], wanted);
            if unique != name {
                return unique;
            }
            self.views.insert(name.clone());
        }
        name
    }

    /// A node that moves the values of others into a map.
    pub(super) fn rearranged(&mut self, name: &str, sources: &[&str], wanted: MapShape) {
        let mut entry = rearrange(name, wanted, wanted.batch != self.batch);
        match sources {
            [one] => {
                if *one != self.before {
                    entry.key("input", quoted(one));
                }
            }
            several => {
                let names: Vec<String> = several.iter().map(|name| quoted(name)).collect();
                entry.key("inputs", format!("[{}]", names.join(", ")));
            }
        }
        self.finish(name, entry);
    }
}

fn is_layer(kind: Kind) -> bool {
    matches!(kind, Kind::Convolution | Kind::Transposed | Kind::Linear)
}
