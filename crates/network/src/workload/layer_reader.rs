//! Reads the keys of a convolution or linear layer into its shape, precision and tensor.

use super::{
    Layer, LayerKind, LayerShape,
    network::MapShape,
    reader::{Builder, DIMENSION, Kind, PADDING, note, read_bits},
};
use signloop_base::config::{TableReader, Value};

impl Builder {
    /// A layer that reads `map`, unless an earlier problem hides the map or the layer has its own.
    pub(super) fn read_layer(
        &self,
        table: &TableReader<'_>,
        name: &str,
        kind: Kind,
        map: Option<MapShape>,
    ) -> Option<Layer> {
        let quantized = table.flag("quantized", self.defaults.quantized);
        let mut bits = read_bits(table, self.defaults.bits);
        if !quantized && !table.has("activation_bits") {
            bits.activation = 32;
        }
        let tensor = table.opt_text("tensor").map(|text| text.value);
        let (in_key, out_key) = match kind {
            Kind::Linear => ("in_features", "out_features"),
            _ => ("in_channels", "out_channels"),
        };
        let stated = table.opt_integer(in_key, DIMENSION);
        let out = match kind {
            // A depthwise convolution keeps its channels unless a multiplier is stated.
            Kind::Depthwise => table.opt_integer(out_key, DIMENSION).map(|out| out.value),
            _ => table.integer(out_key, DIMENSION).map(|out| out.value),
        };
        let kernel = match kind {
            Kind::Linear => Some((1, 1)),
            _ => read_kernel(table),
        };
        let opt = |key, bounds, default| {
            if matches!(kind, Kind::Linear) {
                return default;
            }
            table.opt_integer(key, bounds).map_or(default, |found| found.value)
        };
        let stride = opt("stride", DIMENSION, 1);
        let padding = opt("padding", PADDING, 0);
        let dilation = opt("dilation", DIMENSION, 1);
        let groups = if matches!(kind, Kind::Conv) { opt("groups", DIMENSION, 1) } else { 1 };
        let map = map?;
        let (kernel_height, kernel_width) = kernel?;
        // A linear layer reads its input as one flat vector.
        let arriving = match kind {
            Kind::Linear => map.channels * map.height * map.width,
            _ => map.channels,
        };
        if let Some(stated) = stated.filter(|stated| stated.value != arriving) {
            table.problem(
                format!("the layers do not chain at `{name}`"),
                stated.span,
                format!("the layer before gives {arriving}"),
            );
            return None;
        }
        let shape = match kind {
            Kind::Linear => LayerShape::linear(map.batch, arriving, out?),
            _ => {
                let depthwise = matches!(kind, Kind::Depthwise);
                LayerShape {
                    kind: if depthwise { LayerKind::Depthwise } else { LayerKind::Conv },
                    batch: map.batch,
                    in_channels: arriving,
                    out_channels: if depthwise { out.unwrap_or(arriving) } else { out? },
                    in_height: map.height,
                    in_width: map.width,
                    kernel_height,
                    kernel_width,
                    stride,
                    padding,
                    dilation,
                    groups: if depthwise { arriving } else { groups },
                }
                .checked()
            }
        };
        let shape = note(table, shape.map_err(|error| error.0))?;
        let tensor = tensor.unwrap_or_else(|| format!("{name}.weight"));
        Some(Layer { name: name.to_owned(), shape, quantized, bits, tensor })
    }
}

/// `kernel = 3` or `kernel = [3, 1]`.
fn read_kernel(table: &TableReader<'_>) -> Option<(u64, u64)> {
    let node = table.require("kernel")?;
    let Value::Array(items) = &node.value else {
        let size = table.integer_of("kernel", node, DIMENSION)?.value;
        return Some((size, size));
    };
    let [height, width] = items.as_slice() else {
        table.problem("`kernel` is wrong", node.span.clone(), "expected a size or [height, width]");
        return None;
    };
    let height = table.integer_of("kernel", height, DIMENSION);
    let width = table.integer_of("kernel", width, DIMENSION);
    Some((height?.value, width?.value))
}
