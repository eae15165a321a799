//! The part of an ONNX model that an import needs, read from its protocol buffer.
//!
//! Field numbers: onnx/onnx `onnx.proto` (ModelProto, GraphProto, NodeProto, AttributeProto,
//! TensorProto, ValueInfoProto), IR version 3 and later.

use std::collections::BTreeMap;

use half::{bf16, f16};

use super::wire::{Field, Fields, integers};
use crate::workload::latent::{LatentTensor, elements};

/// A node of the graph.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub name: String,
    pub op: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub ints: BTreeMap<String, Vec<i64>>,
    pub texts: BTreeMap<String, String>,
    pub floats: BTreeMap<String, f32>,
}

/// An input of the graph: its dimensions, 0 where they are not fixed.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub name: String,
    pub dimensions: Vec<i64>,
}

/// The graph.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub name: String,
    pub nodes: Vec<Node>,
    pub inputs: Vec<Input>,
    /// Constant tensors, or why one cannot be read.
    pub tensors: BTreeMap<String, Result<LatentTensor, String>>,
}

/// Most nodes; bounds the work on a hostile file.
const MAX_NODES: usize = 1 << 16;

impl Model {
    /// Reads a model.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut graph = None;
        for field in Fields::of(bytes) {
            if let (7, field) = field? {
                graph = Some(field.bytes()?);
            }
        }
        let graph = graph.ok_or("no ONNX model: there is no graph in it")?;
        let mut model = Self::default();
        for field in Fields::of(graph) {
            match field? {
                (1, field) => model.nodes.push(node(field.bytes()?)?),
                (2, field) => model.name = field.text()?.to_owned(),
                (5, field) => {
                    let (name, tensor) = tensor(field.bytes()?)?;
                    model.tensors.insert(name, tensor);
                }
                (11, field) => model.inputs.push(input(field.bytes()?)?),
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

fn node(bytes: &[u8]) -> Result<Node, String> {
    let mut node = Node::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => node.inputs.push(field.text()?.to_owned()),
            (2, field) => node.outputs.push(field.text()?.to_owned()),
            (3, field) => node.name = field.text()?.to_owned(),
            (4, field) => node.op = field.text()?.to_owned(),
            (5, field) => attribute(field.bytes()?, &mut node)?,
            _ => {}
        }
    }
    Ok(node)
}

fn attribute(bytes: &[u8], node: &mut Node) -> Result<(), String> {
    let (mut name, mut ints) = (String::new(), Vec::new());
    let (mut text, mut float) = (None, None);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => name = field.text()?.to_owned(),
            (2, field) => float = Some(field.float()?),
            (3, field) => ints.push(field.integer()?),
            // Attributes of other operators may hold bytes that are no text.
            (4, field) => text = std::str::from_utf8(field.bytes()?).ok().map(str::to_owned),
            (8, field) => integers(field, &mut ints)?,
            _ => {}
        }
    }
    if let Some(float) = float {
        node.floats.insert(name.clone(), float);
    }
    if let Some(text) = text {
        node.texts.insert(name.clone(), text);
    }
    node.ints.insert(name, ints);
    Ok(())
}

fn input(bytes: &[u8]) -> Result<Input, String> {
    let mut input = Input::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => input.name = field.text()?.to_owned(),
            (2, field) => {
                // TypeProto.tensor_type (1) . shape (2) . dim (1) . dim_value (1)
                for tensor in nested(field.bytes()?, 1)? {
                    for shape in nested(tensor, 2)? {
                        for dimension in nested(shape, 1)? {
                            let mut value = 0;
                            for field in Fields::of(dimension) {
                                if let (1, field @ Field::Varint(_)) = field? {
                                    value = field.integer()?;
                                }
                            }
                            input.dimensions.push(value);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(input)
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

/// A constant: its name, and its values widened to f32.
fn tensor(bytes: &[u8]) -> Result<(String, Result<LatentTensor, String>), String> {
    let (mut name, mut dimensions) = (String::new(), Vec::new());
    let (mut kind, mut raw, mut floats) = (0, None, Vec::new());
    let mut external = false;
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => integers(field, &mut dimensions)?,
            (2, field) => kind = field.integer()?,
            (4, Field::Bytes(packed)) => {
                floats.extend(packed.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)))
            }
            (4, field) => floats.push(field.float()?),
            (8, field) => name = field.text()?.to_owned(),
            (9, field) => raw = Some(field.bytes()?),
            (14, field) => external = field.integer()? == 1,
            _ => {}
        }
    }
    Ok((name, values(&dimensions, kind, raw, floats, external)))
}

fn values(
    dimensions: &[i64],
    kind: i64,
    raw: Option<&[u8]>,
    floats: Vec<f32>,
    external: bool,
) -> Result<LatentTensor, String> {
    if external {
        return Err(
            "its values lie in another file: save the model with `save_as_external_data=False`"
                .to_owned(),
        );
    }
    let shape: Vec<usize> = dimensions
        .iter()
        .map(|size| usize::try_from(*size).map_err(|_| format!("a dimension is {size}")))
        .collect::<Result<_, _>>()?;
    let count = elements(&shape)?;
    fn decode<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)).collect()
    }
    let values = match (kind, raw) {
        (1, None) => floats,
        (1, Some(raw)) => decode(raw, f32::from_le_bytes),
        (10, Some(raw)) => decode(raw, |bytes| f16::from_le_bytes(bytes).to_f32()),
        (11, Some(raw)) => decode(raw, |bytes| f64::from_le_bytes(bytes) as f32),
        (16, Some(raw)) => decode(raw, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        (kind, _) => {
            return Err(format!(
                "its element type is {kind}, expected 1 (float), 10 (float16), 11 (double) or 16 \
                 (bfloat16)"
            ));
        }
    };
    if values.len() != count {
        return Err(format!("{} values do not fill the shape {shape:?}", values.len()));
    }
    Ok(LatentTensor { shape, values })
}
