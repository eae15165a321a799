//! From an ONNX graph to a workload file and its weights.

use std::collections::BTreeMap;

use super::{
    model::{Model, Node},
    nodes::{Window, is_shape_arithmetic, passes_on, window},
};
use crate::{
    config::quoted,
    workload::{
        import::LatentTensor,
        write::{Entry, head},
    },
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
}

/// Where a value comes from.
#[derive(Debug, Clone)]
enum Origin {
    /// The network's input, or a node of the workload.
    Map(String),
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
        names: vec!["input".to_owned()],
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

struct Importer<'m> {
    model: &'m Model,
    origins: BTreeMap<String, Origin>,
    names: Vec<String>,
    /// The node of the workload before; it is the input of the next unless said otherwise.
    before: String,
    text: String,
    tensors: BTreeMap<String, LatentTensor>,
    layers: Vec<String>,
    skipped: Vec<Skipped>,
    problems: Vec<String>,
    all_layers: i64,
    fp32: &'m [i64],
}

impl Importer<'_> {
    fn node(&mut self, index: usize, node: &Node) {
        let shown = if node.name.is_empty() { node.outputs.first() } else { Some(&node.name) };
        let shown = shown.cloned().unwrap_or_else(|| format!("node {index}"));
        let outcome = match node.op.as_str() {
            "Conv" => self.conv(node),
            "Gemm" | "MatMul" => self.linear(node),
            "MaxPool" | "AveragePool" => self.pool(node),
            "GlobalAveragePool" | "ReduceMean" => self.global_pool(node),
            "Add" | "Sum" => self.add(node, &shown),
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

    fn skip(&mut self, node: &Node, shown: &str, reason: &str) {
        self.skipped.push(Skipped {
            node: shown.to_owned(),
            op: node.op.clone(),
            reason: reason.to_owned(),
        });
    }

    /// The workload's node that an input of a node comes from.
    fn source(&self, node: &Node, input: usize) -> Result<String, String> {
        let name = node.inputs.get(input).ok_or("an input is absent")?;
        match self.origins.get(name) {
            Some(Origin::Map(name)) => Ok(name.clone()),
            Some(Origin::Unknown(what)) => {
                Err(format!("it reads {what}, which a workload cannot say"))
            }
            None => Err(format!("its input `{name}` is no activation")),
        }
    }

    fn weights(&self, node: &Node, input: usize) -> Result<&LatentTensor, String> {
        let name = node.inputs.get(input).ok_or("it has no weights")?;
        match self.model.tensors.get(name) {
            Some(Ok(tensor)) => Ok(tensor),
            Some(Err(message)) => Err(format!("the tensor `{name}`: {message}")),
            None => Err(format!("its weights `{name}` are no constant of the model")),
        }
    }

    /// The layer's name: that of its weights without `.weight`, else the node's own.
    fn name(&mut self, node: &Node, weights: Option<usize>) -> String {
        let tensor = weights.and_then(|input| node.inputs.get(input));
        let name = match tensor.and_then(|name| name.strip_suffix(".weight")) {
            Some(name) => name.to_owned(),
            None if !node.name.is_empty() => node.name.trim_matches('/').replace('/', "."),
            None => node.op.to_lowercase(),
        };
        let mut unique = name.clone();
        let mut number = 1;
        while self.names.contains(&unique) {
            number += 1;
            unique = format!("{name}-{number}");
        }
        self.names.push(unique.clone());
        unique
    }

    fn entry(&self, name: &str, kind: &str, source: &str) -> Entry {
        let mut entry = Entry::new(name, kind);
        if source != self.before {
            entry.key("input", quoted(source));
        }
        entry
    }

    fn finish(&mut self, name: String, entry: &Entry) -> Option<Origin> {
        self.text.push_str(entry.text());
        self.before.clone_from(&name);
        Some(Origin::Map(name))
    }

    fn finish_layer(
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

    fn conv(&mut self, node: &Node) -> Result<Option<Origin>, String> {
        let source = self.source(node, 0)?;
        let tensor = self.weights(node, 1)?.clone();
        let [filters, channels, kernel @ ..] = tensor.shape.as_slice() else {
            return Err(format!("its weights have the shape {:?}", tensor.shape));
        };
        let Window { kernel, stride, padding, dilation } = window(node, kernel)?;
        let groups = node.ints.get("group").and_then(|list| list.first()).copied().unwrap_or(1);
        let groups = usize::try_from(groups).map_err(|_| format!("it has {groups} groups"))?;
        let inputs = channels.checked_mul(groups).ok_or("it has too many channels")?;
        let depthwise = groups > 1 && *channels == 1;
        let name = self.name(node, Some(1));
        let mut entry = self.entry(&name, if depthwise { "depthwise" } else { "conv" }, &source);
        entry.key("in_channels", inputs);
        entry.key("out_channels", filters);
        entry.key("kernel", format!("[{}, {}]", kernel[0], kernel[1]));
        entry.unless(1, "stride", stride);
        entry.unless(0, "padding", padding);
        entry.unless(1, "dilation", dilation);
        if !depthwise {
            entry.unless(1, "groups", groups);
        }
        Ok(self.finish_layer(name, entry, tensor))
    }

    fn linear(&mut self, node: &Node) -> Result<Option<Origin>, String> {
        let source = self.source(node, 0)?;
        let flag = |key: &str| node.ints.get(key).is_some_and(|list| list.contains(&1));
        if flag("transA") {
            return Err("its input is transposed".to_owned());
        }
        let tensor = self.weights(node, 1)?;
        let [rows, columns] = tensor.shape[..] else {
            return Err(format!("its weights have the shape {:?}, expected two", tensor.shape));
        };
        // PyTorch keeps K rows of C; ONNX keeps C rows of K unless `transB` says otherwise.
        let tensor = if node.op == "Gemm" && flag("transB") {
            tensor.clone()
        } else {
            let transposed = (0..columns)
                .flat_map(|k| (0..rows).map(move |c| c * columns + k))
                .map(|at| tensor.values[at])
                .collect();
            LatentTensor { shape: vec![columns, rows], values: transposed }
        };
        let name = self.name(node, Some(1));
        let mut entry = self.entry(&name, "linear", &source);
        entry.key("in_features", tensor.shape[1]);
        entry.key("out_features", tensor.shape[0]);
        Ok(self.finish_layer(name, entry, tensor))
    }

    fn pool(&mut self, node: &Node) -> Result<Option<Origin>, String> {
        let source = self.source(node, 0)?;
        let Window { kernel, stride, padding, dilation } = window(node, &[])?;
        if kernel[0] != kernel[1] || dilation != 1 {
            return Err(format!("its window is {kernel:?} with dilation {dilation}"));
        }
        let name = self.name(node, None);
        let kind = if node.op == "MaxPool" { "max-pool" } else { "average-pool" };
        let mut entry = self.entry(&name, kind, &source);
        entry.key("kernel", kernel[0]);
        entry.key("stride", stride);
        entry.unless(0, "padding", padding);
        Ok(self.finish(name, &entry))
    }

    fn global_pool(&mut self, node: &Node) -> Result<Option<Origin>, String> {
        let source = self.source(node, 0)?;
        if let Some(axes) = node.ints.get("axes") {
            let mut axes = axes.clone();
            axes.sort_unstable();
            if node.op == "ReduceMean" && axes != [2, 3] && axes != [-2, -1] {
                return Err(format!("its axes are {axes:?}, expected height and width"));
            }
        }
        let name = self.name(node, None);
        let entry = self.entry(&name, "global-pool", &source);
        Ok(self.finish(name, &entry))
    }

    fn add(&mut self, node: &Node, shown: &str) -> Result<Option<Origin>, String> {
        let constant = |input: &String| self.model.tensors.contains_key(input);
        if let Some(at) = node.inputs.iter().position(|input| !constant(input))
            && node.inputs.iter().any(constant)
        {
            let source = self.source(node, at)?;
            self.skip(node, shown, "a bias is counted with the scale");
            return Ok(Some(Origin::Map(source)));
        }
        if node.inputs.len() != 2 {
            return Err(format!("it adds {} maps, expected 2", node.inputs.len()));
        }
        let sources = [self.source(node, 0)?, self.source(node, 1)?];
        let name = self.name(node, None);
        let mut entry = Entry::new(&name, "add");
        let names = sources.map(|source| quoted(&source));
        entry.key("inputs", format!("[{}]", names.join(", ")));
        Ok(self.finish(name, &entry))
    }
}
