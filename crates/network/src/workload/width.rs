//! A network at another width: all channels in proportion, but those of input and output.

use std::path::Path;

use super::{Layer, LayerKind, MAX_DIMENSION, Operation, Workload, reader::parse, write::to_toml};
use signloop_base::{
    Result,
    diagnostics::{Problem, Problems},
};

/// The network with `width` channels in its first layer and all others in proportion to it. The
/// network's input and the outputs of its last node stay. Its weights are synthetic, since no
/// file fits it.
///
/// # Errors
/// The first node is no layer, or a width does not come out whole or valid.
pub fn with_width(workload: &Workload, width: u64) -> Result<Workload> {
    let Some(Operation::Layer(first)) = workload.nodes.first().map(|node| &node.operation) else {
        let message = format!("`{}` does not begin with a layer", workload.name);
        return Err(Problem::new(message).hint("the first layer's channels are the width").into());
    };
    if !(1..=MAX_DIMENSION).contains(&width) {
        let message = format!("the width must be from 1 to {MAX_DIMENSION}, got {width}");
        return Err(Problem::new(message).into());
    }
    let base = first.shape.out_channels;
    if width == base {
        return Ok(workload.clone());
    }
    let mut problems = Problems::new();
    let mut scaled = |channels: u64, layer: &str| {
        let product = channels.checked_mul(width).filter(|product| product.is_multiple_of(base));
        product.map(|product| product / base).unwrap_or_else(|| {
            let message = format!(
                "`{layer}` has {channels} channels at width {base}: no whole number at {width}"
            );
            problems.push(Problem::new(message));
            channels
        })
    };
    let mut wider = workload.clone();
    wider.name = format!("{}-w{width}", workload.name);
    let last = workload.nodes.len() - 1;
    let mut channels: Vec<u64> = Vec::with_capacity(workload.nodes.len());
    for (index, node) in wider.nodes.iter_mut().enumerate() {
        let read = node.inputs.first().copied().flatten();
        let arriving = read.map_or(workload.input.channels, |read| channels[read]);
        let before = read.map_or(&workload.input, |read| &workload.nodes[read].output);
        match &mut node.operation {
            Operation::Layer(layer) => {
                let out = layer.shape.out_channels;
                let out = if index == last { out } else { scaled(out, &layer.name) };
                resize(layer, arriving, before.channels, out);
                channels.push(out);
            }
            Operation::Rearrange => {
                let message = format!("`{}` states its channels: no width follows", node.name);
                let hint = "import or write the network at the other width";
                return Err(Problem::new(message).hint(hint).into());
            }
            _ => channels.push(arriving),
        }
    }
    let wider = problems.into_result(wider)?;
    // Reading it back computes every map and checks every shape.
    let text = to_toml(&wider, "[weights]\nformat = \"synthetic\"\n");
    parse(&wider.name, &text, Path::new(""))
}

/// Gives a layer other channels; `arriving` of the map that had `before`.
fn resize(layer: &mut Layer, arriving: u64, before: u64, out: u64) {
    let shape = &mut layer.shape;
    if shape.kind == LayerKind::Linear {
        // Over a map, each channel brings as many features as the map has pixels.
        shape.in_channels = shape.in_channels / before * arriving;
    } else {
        shape.in_channels = arriving;
    }
    if shape.kind == LayerKind::Depthwise {
        shape.groups = arriving;
    }
    shape.out_channels = out;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::shipped;

    fn named(name: &str) -> Workload {
        let (_, text) = shipped().iter().find(|(own, _)| *own == name).unwrap();
        parse(name, text, Path::new("")).unwrap()
    }

    /// Stages of 16, 32 and 64 become 12, 24 and 48; image channels and classes stay.
    #[test]
    fn all_but_the_ends_are_in_proportion() {
        let narrow = with_width(&named("resnet8-digits"), 12).unwrap();
        assert_eq!(narrow.name, "resnet8-digits-w12");
        let channels: Vec<(u64, u64)> = narrow
            .layers()
            .map(|layer| (layer.shape.in_channels, layer.shape.out_channels))
            .collect();
        let stages = [(12, 12), (12, 12), (12, 24), (24, 24), (24, 48), (48, 48)];
        assert_eq!(channels[0], (1, 12));
        assert_eq!(channels[1..7], stages);
        assert_eq!(*channels.last().unwrap(), (48, 10));
    }

    #[test]
    fn the_own_width_is_the_network_itself() {
        let network = named("resnet20-cifar10");
        let same = with_width(&network, 16).unwrap();
        assert_eq!((same.name, same.weights), (network.name, network.weights));
    }

    /// A linear layer over a map of 4x4 pixels: 512 channels bring 8192 features.
    #[test]
    fn features_follow_the_map_before_them() {
        let network = named("vgg-small-cifar10");
        let half = with_width(&network, 64).unwrap();
        let pairs = network.layers().zip(half.layers());
        for (old, new) in pairs.skip(1) {
            assert_eq!(old.shape.in_channels, 2 * new.shape.in_channels, "{}", old.name);
            assert_eq!(
                (old.shape.in_height, old.shape.stride),
                (new.shape.in_height, new.shape.stride)
            );
        }
    }

    #[test]
    fn every_width_that_is_not_whole_is_named() {
        let mut network = named("resnet8-digits");
        for node in &mut network.nodes[1..3] {
            if let Operation::Layer(layer) = &mut node.operation {
                layer.shape.out_channels = 24;
            }
        }
        let text = with_width(&network, 9).unwrap_err().to_string();
        assert!(text.contains("layer1.0.conv1") && text.contains("layer1.0.conv2"), "{text}");
        for width in [0, u64::MAX] {
            let text = with_width(&named("resnet8-digits"), width).unwrap_err().to_string();
            assert!(text.contains("the width must be from 1 to 1048576"), "{text}");
        }
    }
}
