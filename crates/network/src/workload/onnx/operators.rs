//! What each operator that a workload knows becomes.

use super::{
    graph::{Importer, Origin},
    model::Node,
    nodes::{Window, window},
};
use crate::workload::{latent::LatentTensor, write::Entry};
use signloop_base::config::quoted;

impl Importer<'_> {
    pub(super) fn conv(&mut self, node: &Node) -> Result<Option<Origin>, String> {
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

    pub(super) fn linear(&mut self, node: &Node) -> Result<Option<Origin>, String> {
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

    pub(super) fn pool(&mut self, node: &Node) -> Result<Option<Origin>, String> {
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

    pub(super) fn global_pool(&mut self, node: &Node) -> Result<Option<Origin>, String> {
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

    /// A part of a map, or a map with more channels, that only an add can read.
    pub(super) fn shortcut(&self, node: &Node, shown: &str) -> Option<Origin> {
        match self.origins.get(node.inputs.first()?)? {
            Origin::Map(map) | Origin::Shortcut { map, .. } => Some(Origin::Shortcut {
                map: map.clone(),
                what: format!("`{shown}` ({})", node.op),
            }),
            Origin::Unknown(_) => None,
        }
    }

    pub(super) fn add(&mut self, node: &Node, shown: &str) -> Result<Option<Origin>, String> {
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
        // The larger map is the second of a workload's add.
        let shortcut = |at: usize| match self.origins.get(&node.inputs[at]) {
            Some(Origin::Shortcut { map, .. }) => Some(map.clone()),
            _ => None,
        };
        let sources = match (shortcut(0), shortcut(1)) {
            (Some(map), None) => [self.source(node, 1)?, map],
            (None, Some(map)) => [self.source(node, 0)?, map],
            _ => [self.source(node, 0)?, self.source(node, 1)?],
        };
        let name = self.name(node, None);
        let mut entry = Entry::new(&name, "add");
        let names = sources.map(|source| quoted(&source));
        entry.key("inputs", format!("[{}]", names.join(", ")));
        Ok(self.finish(name, &entry))
    }
}
