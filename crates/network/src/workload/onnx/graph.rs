//! From an ONNX graph to a workload file and its weights.

use std::collections::BTreeMap;

use super::{
    model::{Model, Node},
    nodes::{is_shape_arithmetic, passes_on},
};
use crate::workload::{
    latent::LatentTensor,
    write::{Entry, head},
};
use signloop_base::config::quoted;

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
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// The network's input, or a node of the workload.
    Map(String),
    /// Every s-th pixel of a map, or a map with channels of zeros: the shortcut without weights,
    /// which an `add` of the workload reads by itself. To other readers it is the node `what`.
    Shortcut { map: String, what: String },
    /// Something that the workload cannot say; the reason is told at the layer that reads it.
    Unknown(String),
}

/// Reads an ONNX model. `input` replaces channels, height and width where the model leaves them
/// open; `fp32` layers, named by place (0 the first, −1 the last), stay unquantised.
///
/// # Errors
/// Every node that a workload cannot express though a layer follows from it.
pub fn import(
    bytes: &[u8],
    name: &str,
    input: Option<[u64; 3]>,
    fp32: &[i64],
) -> Result<Imported, Vec<String>> {
    let model = Model::parse(bytes).map_err(|message| vec![message])?;
    let data: Vec<_> =
        model.inputs.iter().filter(|input| !model.tensors.contains_key(&input.name)).collect();
    let [data] = data[..] else {
        return Err(vec![format!("the model has {} inputs, expected one", data.len())]);
    };
    let sizes = input_sizes(&data.dimensions, input).map_err(|message| vec![message])?;
    let layers =
        model.nodes.iter().filter(|node| matches!(node.op.as_str(), "Conv" | "Gemm" | "MatMul"));
    let mut importer = Importer {
        model: &model,
        origins: BTreeMap::from([(data.name.clone(), Origin::Map("input".to_owned()))]),
        names: BTreeMap::from([("input".to_owned(), 1)]),
        values_left: bytes.len().saturating_mul(MAX_VALUES_A_BYTE),
        before: "input".to_owned(),
        text: String::new(),
        tensors: BTreeMap::new(),
        layers: Vec::new(),
        skipped: Vec::new(),
        problems: Vec::new(),
        all_layers: layers.count() as i64,
        fp32,
    };
    for (index, node) in model.nodes.iter().enumerate() {
        importer.node(index, node);
    }
    if importer.layers.is_empty() && importer.problems.is_empty() {
        importer.problems.push("the model has no convolution and no linear layer".to_owned());
    }
    if !importer.problems.is_empty() {
        return Err(importer.problems);
    }
    let [channels, height, width] = sizes;
    let title = if model.name.is_empty() { name } else { &model.name };
    let description = format!("imported from the ONNX graph {title}");
    let head = head((name, &description, ""), (1, channels, height, width), "");
    Ok(Imported {
        toml: (head, importer.text),
        tensors: importer.tensors,
        layers: importer.layers,
        skipped: importer.skipped,
    })
}

fn input_sizes(dimensions: &[i64], given: Option<[u64; 3]>) -> Result<[u64; 3], String> {
    if let Some(given) = given {
        return Ok(given);
    }
    // The batch may be left open; it is 1 in the workload, where it can be changed.
    let sizes: Vec<u64> =
        dimensions.iter().skip(1).map(|size| u64::try_from(*size).unwrap_or(0)).collect();
    let sizes = match sizes[..] {
        [channels, height, width] => [channels, height, width],
        [features] => [features, 1, 1],
        _ => [0; 3],
    };
    if sizes.contains(&0) {
        return Err(format!(
            "the model's input has the dimensions {dimensions:?} (0: left open): give its channels, \
             height and width with --input, as 3x224x224"
        ));
    }
    Ok(sizes)
}

/// Most weights of all layers together for each byte of the model. Layers may share a tensor, which
/// each then has for itself; without a bound a small file with many such layers fills the memory.
const MAX_VALUES_A_BYTE: usize = 16;

/// An import on its way; the operators are in `operators.rs`.
pub(super) struct Importer<'m> {
    pub(super) model: &'m Model,
    pub(super) origins: BTreeMap<String, Origin>,
    /// Names taken, and how often each was asked for.
    names: BTreeMap<String, u32>,
    /// The node of the workload before; it is the input of the next unless said otherwise.
    before: String,
    text: String,
    tensors: BTreeMap<String, LatentTensor>,
    layers: Vec<String>,
    /// How many more weights the layers may hold.
    values_left: usize,
    skipped: Vec<Skipped>,
    problems: Vec<String>,
    all_layers: i64,
    fp32: &'m [i64],
}

impl<'m> Importer<'m> {
    fn node(&mut self, index: usize, node: &Node) {
        let shown = if node.name.is_empty() { node.outputs.first() } else { Some(&node.name) };
        let shown = shown.cloned().unwrap_or_else(|| format!("node {index}"));
        let outcome = match node.op.as_str() {
            "Conv" => self.conv(node),
            "Gemm" | "MatMul" => self.linear(node),
            "MaxPool" | "AveragePool" => self.pool(node),
            "GlobalAveragePool" | "ReduceMean" => self.global_pool(node),
            "Add" | "Sum" => self.add(node, &shown),
            "Slice" | "Pad" if self.shortcut(node, &shown).is_some() => {
                self.skip(node, &shown, "an add reads a larger map, and fewer channels, by itself");
                Ok(self.shortcut(node, &shown))
            }
            op => match passes_on(op) {
                Some(reason) => {
                    self.skip(node, &shown, reason);
                    Ok(node.inputs.first().and_then(|input| self.origins.get(input)).cloned())
                }
                None if is_shape_arithmetic(op) => {
                    self.skip(node, &shown, "it computes a shape");
                    Ok(None)
                }
                None => {
                    self.skip(node, &shown, "no such operation in a workload");
                    Ok(Some(Origin::Unknown(format!("`{shown}` ({op})"))))
                }
            },
        };
        match outcome {
            Ok(Some(origin)) => {
                for output in &node.outputs {
                    self.origins.insert(output.clone(), origin.clone());
                }
            }
            Ok(None) => {}
            Err(message) => {
                self.problems.push(format!("`{shown}` ({}): {message}", node.op));
                // What follows is silent: the fault has been told here.
                for output in &node.outputs {
                    self.origins.insert(output.clone(), Origin::Map(self.before.clone()));
                }
            }
        }
    }

    pub(super) fn skip(&mut self, node: &Node, shown: &str, reason: &str) {
        self.skipped.push(Skipped {
            node: shown.to_owned(),
            op: node.op.clone(),
            reason: reason.to_owned(),
        });
    }

    /// The workload's node that an input of a node comes from.
    pub(super) fn source(&self, node: &Node, input: usize) -> Result<String, String> {
        let name = node.inputs.get(input).ok_or("an input is absent")?;
        match self.origins.get(name) {
            Some(Origin::Map(name)) => Ok(name.clone()),
            Some(Origin::Unknown(what) | Origin::Shortcut { what, .. }) => {
                Err(format!("it reads {what}, which a workload cannot say"))
            }
            None => Err(format!("its input `{name}` is no activation")),
        }
    }

    /// The constant tensor that a layer reads, to be copied by it.
    pub(super) fn weights(
        &mut self,
        node: &Node,
        input: usize,
    ) -> Result<&'m LatentTensor, String> {
        let name = node.inputs.get(input).ok_or("it has no weights")?;
        match self.model.tensors.get(name) {
            Some(Ok(tensor)) => {
                let left = self.values_left.checked_sub(tensor.values.len());
                self.values_left = left.ok_or("too many layers share their weights")?;
                Ok(tensor)
            }
            Some(Err(message)) => Err(format!("the tensor `{name}`: {message}")),
            None => Err(format!("its weights `{name}` are no constant of the model")),
        }
    }

    /// The layer's name: that of its weights without `.weight`, else the node's own.
    pub(super) fn name(&mut self, node: &Node, weights: Option<usize>) -> String {
        let tensor = weights.and_then(|input| node.inputs.get(input));
        let name = match tensor.and_then(|name| name.strip_suffix(".weight")) {
            Some(name) => name.to_owned(),
            None if !node.name.is_empty() => node.name.trim_matches('/').replace('/', "."),
            None => node.op.to_lowercase(),
        };
        let mut unique = name.clone();
        while self.names.contains_key(&unique) {
            let asked = self.names.entry(name.clone()).or_insert(1);
            *asked += 1;
            unique = format!("{name}-{asked}");
        }
        self.names.insert(unique.clone(), 1);
        unique
    }

    pub(super) fn entry(&self, name: &str, kind: &str, source: &str) -> Entry {
        let mut entry = Entry::new(name, kind);
        if source != self.before {
            entry.key("input", quoted(source));
        }
        entry
    }

    pub(super) fn finish(&mut self, name: String, entry: &Entry) -> Option<Origin> {
        self.text.push_str(entry.text());
        self.before.clone_from(&name);
        Some(Origin::Map(name))
    }

    pub(super) fn finish_layer(
        &mut self,
        name: String,
        mut entry: Entry,
        tensor: LatentTensor,
    ) -> Option<Origin> {
        let place = self.layers.len() as i64;
        if self.fp32.iter().any(|at| *at == place || *at + self.all_layers == place) {
            entry.key("quantized", false);
        }
        self.tensors.insert(format!("{name}.weight"), tensor);
        self.layers.push(name.clone());
        self.finish(name, &entry)
    }
}
