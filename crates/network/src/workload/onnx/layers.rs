//! Convolutions and linear layers.

use super::{
    graph::Importer,
    model::Node,
    refusal::{Refusal, refuse},
    sizes::product,
    tensor::Constant,
    values::{Map, Value},
    window::{Axis, Square, square, transposed, window},
};
use crate::workload::{MapShape, latent::LatentTensor};

/// Rows and columns of a layer that has one or two spatial axes.
fn two<T: Copy>(values: &[T], single: T) -> Option<[T; 2]> {
    match *values {
        [columns] => Some([single, columns]),
        [rows, columns] => Some([rows, columns]),
        _ => None,
    }
}

fn not_flat<T>(what: &str, axes: usize) -> Result<T, Refusal> {
    refuse(
        format!("its {what} {axes} spatial axes"),
        "1-D and 2-D convolutions are read: split a 3-D one into slices",
    )
}

impl Importer<'_> {
    pub(super) fn conv(&mut self, node: &Node, _: &str) -> Result<Value, Refusal> {
        let map = self.map(node, 0)?;
        let weights = self.weights(node, 1)?;
        let sizes = weights.dims();
        let (&[batch, arriving, ref spatial @ ..], &[filters, channels, ref kernel @ ..]) =
            (&map.sizes[..], &sizes[..])
        else {
            return Err(format!("it reads {:?} with weights {sizes:?}", map.sizes).into());
        };
        if spatial.len() != kernel.len() {
            return Err(format!("it reads {:?} with weights {sizes:?}", map.sizes).into());
        }
        let groups = groups(node, arriving, channels, filters)?;
        let axes = window(node, spatial, Some(kernel))?;
        let Some([rows, columns]) = two(&axes, Axis::single()) else {
            return not_flat("window has", axes.len());
        };
        let Square { map: [height, width], stride, dilation, padding } = square(rows, columns)?;
        let wanted = MapShape { batch, channels: arriving, height, width };
        let source = self.view(&map, wanted);
        let depthwise = groups > 1 && channels == 1;
        let name = self.name(node, Some((1, &weights)));
        let mut entry = self.entry(&name, if depthwise { "depthwise" } else { "conv" }, &source);
        entry.key("in_channels", arriving);
        entry.key("out_channels", filters);
        entry.key("kernel", format!("[{}, {}]", rows.kernel, columns.kernel));
        entry.unless(1, "stride", stride);
        entry.unless(0, "padding", padding);
        entry.unless(1, "dilation", dilation);
        if !depthwise {
            entry.unless(1, "groups", groups);
        }
        let shape = vec![filters, channels, rows.kernel, columns.kernel];
        self.finish_layer(&name, entry, latent(&weights, &shape));
        let outs: Vec<u64> = axes.iter().map(|axis| axis.out).collect();
        let shape = MapShape { batch, channels: filters, height: rows.out, width: columns.out };
        Ok(given(name, shape, [&[batch, filters][..], &outs].concat(), false))
    }

    /// A transposed convolution multiplies each pixel with every tap of every filter, as a 1×1
    /// convolution to filters × taps channels does; the sums of what overlaps are then moved to
    /// their places.
    pub(super) fn transposed(&mut self, node: &Node, shown: &str) -> Result<Value, Refusal> {
        let map = self.map(node, 0)?;
        let weights = self.weights(node, 1)?;
        let sizes = weights.dims();
        let (&[batch, arriving, ref spatial @ ..], &[channels, each, ref kernel @ ..]) =
            (&map.sizes[..], &sizes[..])
        else {
            return Err(format!("it reads {:?} with weights {sizes:?}", map.sizes).into());
        };
        if spatial.len() != kernel.len() || channels != arriving {
            return Err(format!("it reads {:?} with weights {sizes:?}", map.sizes).into());
        }
        let groups = node.int("group", 1);
        let groups = u64::try_from(groups)
            .ok()
            .filter(|groups| *groups > 0 && channels.is_multiple_of(*groups));
        let groups =
            groups.ok_or_else(|| format!("its groups do not divide {channels} channels"))?;
        let outs = transposed(node, spatial, kernel)?;
        let (Some([height, width]), Some([out_height, out_width])) =
            (two(spatial, 1), two(&outs, 1))
        else {
            return not_flat("map has", spatial.len());
        };
        let taps = product(kernel)?;
        let (filters, products) = (product(&[each, groups])?, product(&[each, groups, taps])?);
        let source = self.view(&map, MapShape { batch, channels, height, width });
        let name = self.name(node, Some((1, &weights)));
        let mut entry = self.entry(&name, "conv", &source);
        entry.key("in_channels", channels);
        entry.key("out_channels", products);
        entry.key("kernel", 1);
        entry.unless(1, "groups", groups);
        let inside = channels / groups;
        // C×(K/g)×R×S becomes (g·K/g·R·S)×(C/g).
        let row = (each * taps) as usize;
        let values = weights.floats();
        let turned = (0..groups as usize).flat_map(|group| {
            let (values, inside) = (&values, inside as usize);
            (0..row).flat_map(move |at| {
                (0..inside).map(move |c| values[(group * inside + c) * row + at])
            })
        });
        let tensor = LatentTensor {
            shape: vec![products as usize, inside as usize, 1, 1],
            values: turned.collect(),
        };
        self.finish_layer(&name, entry, tensor);
        self.notes.push(format!(
            "`{shown}` (ConvTranspose) is written as a 1x1 convolution to {filters} filters x {taps} \
             taps, with as many products; sums where taps overlap are not counted"
        ));
        let shape = MapShape { batch, channels: filters, height: out_height, width: out_width };
        let out = self.unique(&format!("{name}-{filters}x{out_height}x{out_width}"));
        self.rearranged(&out, &[&name], shape);
        Ok(given(out, shape, [&[batch, filters][..], &outs].concat(), false))
    }

    pub(super) fn linear(&mut self, node: &Node, shown: &str) -> Result<Value, Refusal> {
        let is_map = |at: usize| {
            node.inputs
                .get(at)
                .is_some_and(|name| matches!(self.values.get(name), Some(Value::Map(_))))
        };
        match (is_map(0), is_map(1)) {
            (true, true) => return self.product_of_maps(node, shown),
            (false, _) => return self.weights_first(node),
            (true, false) => {}
        }
        let mut map = self.map(node, 0)?;
        let weights = self.weights(node, 1)?;
        let turned = node.op == "Gemm" && node.flag("transB");
        if node.op == "Gemm" {
            let &[rows, columns] = &map.sizes[..] else {
                return Err(format!("it reads {:?}, expected two dimensions", map.sizes).into());
            };
            if node.flag("transA") {
                map = map.with(vec![columns, rows]);
            }
        }
        let (rows, columns) = matrix(&weights)?;
        // PyTorch keeps K rows of C; ONNX keeps C rows of K unless `transB` says otherwise.
        let tensor =
            if turned { latent(&weights, &[rows, columns]) } else { turn(&weights, rows, columns) };
        let (features, filters) = if turned { (columns, rows) } else { (rows, columns) };
        let Some((&arriving, lead)) = map.sizes.split_last() else {
            return Err("its input has no dimensions".into());
        };
        if arriving != features {
            return Err(format!("it reads {:?} with weights {:?}", map.sizes, weights.shape).into());
        }
        let positions = product(lead)?;
        let lead = lead.to_vec();
        let flat = MapShape { batch: self.batch, channels: features, height: 1, width: 1 };
        let wanted = match lead[..] {
            _ if positions == self.batch => flat,
            [batch, height, width] if batch == self.batch => {
                MapShape { batch, height, width, ..flat }
            }
            _ if positions % self.batch == 0 => MapShape { height: positions / self.batch, ..flat },
            _ => MapShape { batch: 1, height: positions, ..flat },
        };
        // A linear layer reads a whole map as one flat vector.
        let as_vector = wanted == flat && map.is_whole() && map.shape.batch == self.batch;
        let source = if as_vector { map.node.clone() } else { self.view(&map, wanted) };
        let name = self.name(node, Some((1, &weights)));
        let mut entry;
        if wanted == flat {
            entry = self.entry(&name, "linear", &source);
            entry.key("in_features", features);
            entry.key("out_features", filters);
        } else {
            // One position of a sequence or map after the other: a 1×1 convolution.
            entry = self.entry(&name, "conv", &source);
            entry.key("in_channels", features);
            entry.key("out_channels", filters);
            entry.key("kernel", 1);
        }
        self.finish_layer(&name, entry, tensor);
        let sizes = [&lead[..], &output(&weights, filters)].concat();
        let shape = MapShape { channels: filters, ..wanted };
        Ok(given(name, shape, sizes, true))
    }

    /// Weights times activations: features are the axis before the last.
    fn weights_first(&mut self, node: &Node) -> Result<Value, Refusal> {
        let map = self.map(node, 1)?;
        let weights = self.weights(node, 0)?;
        let (filters, features) = matrix(&weights)?;
        let [lead @ .., arriving, columns] = &map.sizes[..] else {
            return Err(format!("it reads {:?} with weights {:?}", map.sizes, weights.shape).into());
        };
        if node.op == "Gemm" || *arriving != features || weights.shape.len() != 2 {
            return refuse(
                format!("it reads {:?} behind weights {:?}", map.sizes, weights.shape),
                "write it with the activations first",
            );
        }
        let batch = product(lead)?;
        let wanted = MapShape { batch, channels: features, height: *columns, width: 1 };
        let source = self.view(&map, wanted);
        let name = self.name(node, Some((0, &weights)));
        let mut entry = self.entry(&name, "conv", &source);
        entry.key("in_channels", features);
        entry.key("out_channels", filters);
        entry.key("kernel", 1);
        self.finish_layer(&name, entry, latent(&weights, &[filters, features]));
        let sizes = [lead, &[filters, *columns]].concat();
        Ok(given(name, MapShape { channels: filters, ..wanted }, sizes, false))
    }
}

/// The groups of a convolution, where they fit its input and weights.
fn groups(node: &Node, arriving: u64, channels: u64, filters: u64) -> Result<u64, Refusal> {
    let groups = node.int("group", 1);
    u64::try_from(groups)
        .ok()
        .filter(|groups| {
            *groups > 0
                && channels.checked_mul(*groups) == Some(arriving)
                && filters.is_multiple_of(*groups)
        })
        .ok_or_else(|| {
            format!(
                "its {filters} filters read {channels} channels in each of {groups} groups, its \
                 input has {arriving}"
            )
            .into()
        })
}

/// Rows and columns of weights; axes of size 1 before them change nothing.
fn matrix(weights: &Constant) -> Result<(u64, u64), Refusal> {
    let sizes = weights.dims();
    match sizes[..] {
        [features] => Ok((features, 1)),
        [ref lead @ .., rows, columns] if lead.iter().all(|size| *size == 1) => Ok((rows, columns)),
        _ => refuse(
            format!("its weights have the shape {sizes:?}: a matrix for each index"),
            "split it into one MatMul for each, or write it as a grouped convolution",
        ),
    }
}

/// The last sizes of a product: a vector of weights leaves none.
fn output(weights: &Constant, filters: u64) -> Vec<u64> {
    if weights.shape.len() == 1 { Vec::new() } else { vec![filters] }
}

fn latent(weights: &Constant, shape: &[u64]) -> LatentTensor {
    LatentTensor {
        shape: shape.iter().map(|size| *size as usize).collect(),
        values: weights.floats().into_owned(),
    }
}

fn turn(weights: &Constant, rows: u64, columns: u64) -> LatentTensor {
    let (rows, columns) = (rows as usize, columns as usize);
    let values = weights.floats();
    let turned = (0..columns).flat_map(|k| (0..rows).map(move |c| c * columns + k));
    LatentTensor { shape: vec![columns, rows], values: turned.map(|at| values[at]).collect() }
}

/// What a node of the workload gives.
pub(super) fn given(node: String, shape: MapShape, sizes: Vec<u64>, channels_last: bool) -> Value {
    Value::Map(Map { node, shape, sizes, channels_last, shortcut: false })
}
