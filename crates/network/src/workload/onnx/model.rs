//! The part of an ONNX model that an import needs, read from its protocol buffer.
//!
//! Field numbers: onnx/onnx `onnx.proto` (ModelProto, GraphProto, NodeProto, AttributeProto,
//! TensorProto, ValueInfoProto), IR version 3 and later.

use std::collections::BTreeMap;

use super::{
    external::External,
    refusal::Refusal,
    tensor::{Constant, Data, tensor},
    wire::{Field, Fields, integers},
};

/// A constant, or why it cannot be read: told where something needs it.
pub(super) type Read = Result<Constant, Refusal>;

/// A node of the graph.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub name: String,
    pub op: String,
    pub domain: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub ints: BTreeMap<String, Vec<i64>>,
    pub texts: BTreeMap<String, String>,
    pub floats: BTreeMap<String, Vec<f32>>,
    pub tensors: BTreeMap<String, Read>,
}

impl Node {
    /// A list of integers, if it is there.
    pub(super) fn list(&self, key: &str) -> Option<&[i64]> {
        self.ints.get(key).map(Vec::as_slice)
    }

    /// One integer.
    pub(super) fn int(&self, key: &str, default: i64) -> i64 {
        self.list(key).and_then(|list| list.first()).copied().unwrap_or(default)
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.int(key, 0) != 0
    }

    /// What the node is called in messages.
    pub(super) fn shown(&self, index: usize) -> String {
        let named = if self.name.is_empty() { self.outputs.first() } else { Some(&self.name) };
        named.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("node {index}"))
    }
}

/// One dimension of a tensor as the file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Size {
    Fixed(u64),
    Named(String),
    Open,
}

/// Stated sizes as messages show them.
pub(super) fn shown(sizes: &[Size]) -> String {
    let sizes: Vec<String> = sizes
        .iter()
        .map(|size| match size {
            Size::Fixed(size) => size.to_string(),
            Size::Named(name) => name.clone(),
            Size::Open => "?".to_owned(),
        })
        .collect();
    format!("[{}]", sizes.join(", "))
}

/// A tensor's name and stated shape, if any.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub name: String,
    pub sizes: Option<Vec<Size>>,
}

/// The graph.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub name: String,
    /// Version of the standard operators, where it is stated.
    pub opset: Option<i64>,
    pub nodes: Vec<Node>,
    pub inputs: Vec<Stated>,
    /// Shapes of outputs and of values between.
    pub stated: BTreeMap<String, Vec<Size>>,
    /// Constant tensors, or why one cannot be read.
    pub tensors: BTreeMap<String, Read>,
}

/// Most nodes; bounds the work on a hostile file.
const MAX_NODES: usize = 1 << 16;

impl Model {
    /// Reads a model.
    pub(super) fn parse(bytes: &[u8], external: &mut External) -> Result<Self, String> {
        let (mut graph, mut opset) = (None, None);
        for field in Fields::of(bytes) {
            match field? {
                (7, field) => graph = Some(field.bytes()?),
                (8, field) => opset = standard_opset(field.bytes()?)?.or(opset),
                _ => {}
            }
        }
        let graph = graph.ok_or("no ONNX model: there is no graph in it")?;
        let mut model = Self { opset, ..Self::default() };
        for field in Fields::of(graph) {
            match field? {
                (1, field) => model.nodes.push(node(field.bytes()?, external)?),
                (2, field) => model.name = field.text()?.to_owned(),
                (5, field) => {
                    let (name, tensor) = tensor(field.bytes()?, external)?;
                    model.tensors.insert(name, tensor);
                }
                (11, field) => model.inputs.push(stated(field.bytes()?)?),
                (12 | 13, field) => {
                    let value = stated(field.bytes()?)?;
                    if let Some(sizes) = value.sizes {
                        model.stated.insert(value.name, sizes);
                    }
                }
                (15, field) => {
                    for values in nested(field.bytes()?, 1)? {
                        let (name, _) = tensor(values, external)?;
                        let refusal = Refusal {
                            why: "it is a sparse tensor".to_owned(),
                            todo: "store it dense, as an ordinary initialiser".to_owned(),
                        };
                        model.tensors.insert(name, Err(refusal));
                    }
                }
                _ => {}
            }
            if model.nodes.len() > MAX_NODES {
                return Err(format!("more than {MAX_NODES} nodes"));
            }
        }
        if model.nodes.is_empty() {
            return Err("no ONNX model: its graph has no nodes".to_owned());
        }
        Ok(model)
    }
}

/// The version, if the message is of the standard operators. OperatorSetIdProto.
fn standard_opset(bytes: &[u8]) -> Result<Option<i64>, String> {
    let (mut domain, mut version) = ("", 0);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => domain = field.text()?,
            (2, field) => version = field.integer()?,
            _ => {}
        }
    }
    Ok(matches!(domain, "" | "ai.onnx").then_some(version))
}

fn node(bytes: &[u8], external: &mut External) -> Result<Node, String> {
    let mut node = Node::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => node.inputs.push(field.text()?.to_owned()),
            (2, field) => node.outputs.push(field.text()?.to_owned()),
            (3, field) => node.name = field.text()?.to_owned(),
            (4, field) => node.op = field.text()?.to_owned(),
            (5, field) => attribute(field.bytes()?, &mut node, external)?,
            (7, field) => node.domain = field.text()?.to_owned(),
            _ => {}
        }
    }
    Ok(node)
}

fn attribute(bytes: &[u8], node: &mut Node, external: &mut External) -> Result<(), String> {
    let (mut name, mut ints) = (String::new(), Vec::new());
    let (mut text, mut floats, mut held) = (None, Vec::new(), None);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => name = field.text()?.to_owned(),
            (2, field) => floats.push(field.float()?),
            (3, field) => ints.push(field.integer()?),
            // Attributes of other operators may hold bytes that are no text.
            (4, field) => text = std::str::from_utf8(field.bytes()?).ok().map(str::to_owned),
            (5, field) => held = Some(tensor(field.bytes()?, external)?.1),
            (7, Field::Bytes(packed)) => {
                floats.extend(packed.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
            }
            (7, field) => floats.push(field.float()?),
            (8, field) => integers(field, &mut ints)?,
            _ => {}
        }
    }
    if !ints.is_empty() {
        node.ints.insert(name.clone(), ints);
    }
    if !floats.is_empty() {
        node.floats.insert(name.clone(), floats);
    }
    if let Some(text) = text {
        node.texts.insert(name.clone(), text);
    }
    if let Some(held) = held {
        node.tensors.insert(name, held);
    }
    Ok(())
}

/// What a `Constant` node holds.
pub(super) fn held(node: &Node) -> Option<Read> {
    if let Some(read) = node.tensors.get("value") {
        return Some(read.clone());
    }
    let key = ["value_int", "value_ints", "value_float", "value_floats"]
        .into_iter()
        .find(|key| node.ints.contains_key(*key) || node.floats.contains_key(*key))?;
    let (kind, count, data) = match node.ints.get(key) {
        Some(values) => (7, values.len(), Data::Integers(values.clone())),
        None => {
            let values = node.floats.get(key)?;
            (1, values.len(), Data::Floats(values.clone()))
        }
    };
    let shape = if key.ends_with('s') { vec![count] } else { Vec::new() };
    Some(Ok(Constant { name: String::new(), kind, shape, data }))
}

fn stated(bytes: &[u8]) -> Result<Stated, String> {
    let mut stated = Stated::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => stated.name = field.text()?.to_owned(),
            (2, field) => {
                // TypeProto.tensor_type (1) . shape (2) . dim (1)
                for tensor in nested(field.bytes()?, 1)? {
                    for shape in nested(tensor, 2)? {
                        let sizes = nested(shape, 1)?.into_iter().map(size);
                        stated.sizes = Some(sizes.collect::<Result<_, _>>()?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(stated)
}

fn size(bytes: &[u8]) -> Result<Size, String> {
    let mut size = Size::Open;
    for field in Fields::of(bytes) {
        match field? {
            (1, field @ Field::Varint(_)) => {
                // Some tools write 0 or -1 for a dimension that is open.
                let fixed = u64::try_from(field.integer()?).ok().filter(|size| *size > 0);
                size = fixed.map_or(Size::Open, Size::Fixed);
            }
            (2, field) => match field.text()? {
                "" => {}
                name => size = Size::Named(name.to_owned()),
            },
            _ => {}
        }
    }
    Ok(size)
}

/// The messages under one field number.
fn nested(bytes: &[u8], number: u64) -> Result<Vec<&[u8]>, String> {
    let mut found = Vec::new();
    for field in Fields::of(bytes) {
        if let (own, field @ Field::Bytes(_)) = field?
            && own == number
        {
            found.push(field.bytes()?);
        }
    }
    Ok(found)
}
