//! Writes a workload as TOML that reads back as the same workload.

use std::{fmt::Write as _, path::Path};

use super::{Layer, LayerKind, MapShape, Operation, Workload, latent::Rename};
use signloop_base::config::quoted;

/// One `[[layer]]` table.
#[derive(Debug)]
pub(super) struct Entry(String);

impl Entry {
    pub(super) fn new(name: &str, kind: &str) -> Self {
        Self(format!("\n[[layer]]\nname = {}\nkind = \"{kind}\"\n", quoted(name)))
    }

    pub(super) fn key(&mut self, key: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    /// A key that is left out where the reader would take the same value.
    pub(super) fn unless<T: PartialEq + std::fmt::Display>(
        &mut self,
        default: T,
        key: &str,
        value: T,
    ) {
        if value != default {
            self.key(key, value);
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Everything before the layers. `weights` is the text of the `[weights]` table.
pub(super) fn head(
    (name, description, dataset): (&str, &str, &str),
    (batch, channels, height, width): (u64, u64, u64, u64),
    weights: &str,
) -> String {
    let mut text = format!("name = {}\n", quoted(name));
    for (key, value) in [("description", description), ("dataset", dataset)] {
        if !value.is_empty() {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    let _ = write!(
        text,
        "\n[input]\nbatch = {batch}\nchannels = {channels}\nheight = {height}\nwidth = {width}\n\n\
         # Layers without a say of their own are quantised; others run in fp32.\n\
         [defaults]\nquantized = true\nactivation_bits = 8\nweight_bits = 32\n\
         accumulator_bits = 32\noutput_bits = 8\n\n{weights}"
    );
    text
}

/// The `[weights]` table of a file of latent weights.
#[must_use]
pub fn latent_weights(file: &Path, renames: &[Rename]) -> String {
    let format = file.extension().unwrap_or_default().to_string_lossy();
    let file = file.to_string_lossy();
    let mut text = format!("[weights]\nformat = {}\nfile = {}\n", quoted(&format), quoted(&file));
    for rename in renames {
        let (from, to) = rename.parts();
        let _ =
            write!(text, "\n[[weights.rename]]\nfrom = {}\nto = {}\n", quoted(from), quoted(to));
    }
    text
}

/// A workload as TOML, with another `[weights]` table.
#[must_use]
pub fn to_toml(workload: &Workload, weights: &str) -> String {
    let input = workload.input;
    let mut text = head(
        (&workload.name, &workload.description, &workload.dataset),
        (input.batch, input.channels, input.height, input.width),
        weights,
    );
    for (index, node) in workload.nodes.iter().enumerate() {
        let name = |input: &Option<usize>| match input {
            None => quoted("input"),
            Some(at) => quoted(&workload.nodes[*at].name),
        };
        let mut entry = match &node.operation {
            Operation::Layer(layer) => layer_entry(layer),
            Operation::Pool { kernel, stride, padding, average } => {
                let kind = if *average { "average-pool" } else { "max-pool" };
                let mut entry = Entry::new(&node.name, kind);
                entry.key("kernel", kernel);
                entry.key("stride", stride);
                entry.unless(0, "padding", *padding);
                entry
            }
            Operation::GlobalPool => Entry::new(&node.name, "global-pool"),
            Operation::Add => Entry::new(&node.name, "add"),
            Operation::Rearrange => {
                rearrange(&node.name, node.output, node.output.batch != input.batch)
            }
        };
        if matches!(node.operation, Operation::Add | Operation::Rearrange) {
            let names: Vec<String> = node.inputs.iter().map(name).collect();
            entry.key("inputs", format!("[{}]", names.join(", ")));
        } else if let Some(read) = node.inputs.first()
            && *read != index.checked_sub(1)
        {
            entry.key("input", name(read));
        }
        text.push_str(entry.text());
    }
    text
}

/// A node that only moves values; its batch is the network's unless `own_batch`.
pub(super) fn rearrange(name: &str, shape: MapShape, own_batch: bool) -> Entry {
    let mut entry = Entry::new(name, "rearrange");
    if own_batch {
        entry.key("batch", shape.batch);
    }
    entry.key("channels", shape.channels);
    entry.key("height", shape.height);
    entry.key("width", shape.width);
    entry
}

fn layer_entry(layer: &Layer) -> Entry {
    let shape = &layer.shape;
    let kind = match shape.kind {
        LayerKind::Conv => "conv",
        LayerKind::Depthwise => "depthwise",
        LayerKind::Linear => "linear",
    };
    let mut entry = Entry::new(&layer.name, kind);
    if shape.kind == LayerKind::Linear {
        entry.key("in_features", shape.in_channels);
        entry.key("out_features", shape.out_channels);
    } else {
        entry.key("in_channels", shape.in_channels);
        entry.key("out_channels", shape.out_channels);
        if shape.kernel_height == shape.kernel_width {
            entry.key("kernel", shape.kernel_height);
        } else {
            entry.key("kernel", format!("[{}, {}]", shape.kernel_height, shape.kernel_width));
        }
        entry.unless(1, "stride", shape.stride);
        entry.unless(0, "padding", shape.padding);
        entry.unless(1, "dilation", shape.dilation);
        if shape.kind == LayerKind::Conv {
            entry.unless(1, "groups", shape.groups);
        }
    }
    entry.unless(true, "quantized", layer.quantized);
    let bits = &layer.bits;
    entry.unless(if layer.quantized { 8 } else { 32 }, "activation_bits", bits.activation);
    entry.unless(32, "weight_bits", bits.weight);
    entry.unless(32, "accumulator_bits", bits.accumulator);
    entry.unless(8, "output_bits", bits.output);
    if layer.tensor != format!("{}.weight", layer.name) {
        entry.key("tensor", quoted(&layer.tensor));
    }
    entry
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workload::{parse, shipped};

    #[test]
    fn a_rearrangement_reads_back_the_same() {
        let text = "name = \"r\"\n[input]\nbatch = 2\nchannels = 4\nheight = 6\nwidth = 6\n\
            [weights]\nformat = \"synthetic\"\n\
            [[layer]]\nname = \"a\"\nkind = \"conv\"\nout_channels = 8\nkernel = 3\n\
            [[layer]]\nname = \"j\"\nkind = \"rearrange\"\ninputs = [\"a\", \"input\", \"a\"]\n\
            channels = 20\nheight = 7\nwidth = 9\n\
            [[layer]]\nname = \"k\"\nkind = \"rearrange\"\nbatch = 6\n\
            channels = 5\nheight = 2\nwidth = 3\n\
            [[layer]]\nname = \"b\"\nkind = \"conv\"\nout_channels = 8\nkernel = [2, 1]\n";
        let workload = parse("r.toml", text, Path::new("")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(workload.nodes[1].inputs, [Some(0), None, Some(0)]);
        assert_eq!(workload.nodes[2].inputs, [Some(1)]);
        // 6 images of 2x3, one row less by the kernel.
        assert_eq!(workload.layers().last().unwrap().shape.positions(), 6 * 3);
        let written = to_toml(&workload, "[weights]\nformat = \"synthetic\"\n");
        let read = parse("r.toml", &written, Path::new("")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(format!("{:?}", read.nodes), format!("{:?}", workload.nodes));
        // Sizes whose product leaves 64 bits are refused.
        for wrong in ["channels = 1048576\nheight = 1048576\nwidth = 1048576", "channels = 1"] {
            let text = text.replace("channels = 20\nheight = 7\nwidth = 9", wrong);
            assert!(parse("r.toml", &text, Path::new("")).is_err(), "{wrong}");
        }
        let none = text.replace("[\"a\", \"input\", \"a\"]", "[]");
        assert!(parse("r.toml", &none, Path::new("")).is_err());
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        for (name, text) in shipped() {
            let workload = parse(name, text, Path::new("")).unwrap();
            let rename = Rename::new("module.*", "*").unwrap();
            let weights = latent_weights(Path::new("a \"b\".npz"), &[rename]);
            let written = to_toml(&workload, &weights);
            let read = parse(name, &written, Path::new("")).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(format!("{:?}", read.nodes), format!("{:?}", workload.nodes), "{name}");
            assert_eq!(read.input, workload.input);
            assert_eq!((&read.name, &read.dataset), (&workload.name, &workload.dataset));
            assert!(format!("{:?}", read.weights).contains("a \\\"b\\\".npz"));
        }
    }
}
