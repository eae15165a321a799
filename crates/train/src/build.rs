//! From a workload's nodes to a network's blocks.

use super::{
    block::{Activation, Block, Offset},
    convolution::Convolution,
    engine::Engine,
    geometry::Geometry,
    initial::initial_weights,
    memory::{MOST_BYTES, needed_bytes},
    network::{ActivationKind, Network},
    parameter::{Parameter, Role},
    pool::Pooling,
    shortcut::Subsample,
    slot::Slot,
    space::Workspace,
    unit::{Pool, Unit},
};
use signloop_base::{
    Result,
    diagnostics::{Problem, Problems},
};
use signloop_network::workload::{Layer, Operation, Workload};

impl Network {
    /// Builds a network for batches of at most `batch` images, with seeded random weights.
    ///
    /// # Errors
    /// A layer cannot be trained here, or the workload does not end in a layer.
    pub fn new(
        workload: &Workload,
        batch: usize,
        activation: ActivationKind,
        seed: u64,
        engine: Engine,
    ) -> Result<Self> {
        let network = Self {
            parameters: Vec::new(),
            units: Vec::new(),
            slots: Vec::new(),
            work: Workspace::new(),
            engine,
            batch,
        };
        build(workload, network, activation, seed)
    }
}

/// Fills an empty network with the workload's blocks and seeded random weights.
///
/// # Errors
/// The workload does not end in a layer, or needs too much memory.
fn build(
    workload: &Workload,
    network: Network,
    activation: ActivationKind,
    seed: u64,
) -> Result<Network> {
    let places = vec![None; workload.nodes.len()];
    let problems = Problems::new();
    let mut builder = Builder { workload, activation, seed, network, places, problems };
    builder.build();
    let Builder { network, problems, .. } = builder;
    Ok(problems.into_result(network)?)
}

struct Builder<'a> {
    workload: &'a Workload,
    activation: ActivationKind,
    seed: u64,
    network: Network,
    /// Slot of every node that has one.
    places: Vec<Option<usize>>,
    problems: Problems,
}

impl Builder<'_> {
    fn build(&mut self) {
        let workload = self.workload;
        let map = |map: &signloop_network::workload::MapShape| {
            (map.height as usize, map.width as usize, map.channels as usize)
        };
        let last = workload.nodes.len().saturating_sub(1);
        let ends = workload.nodes.last().map(|node| &node.operation);
        if !matches!(ends, Some(Operation::Layer(_))) {
            self.problems.push(
                Problem::new(format!("`{}` is not trainable", workload.name))
                    .hint("the last node must be a layer: it gives the logits"),
            );
            return;
        }
        let bytes = needed_bytes(workload, self.network.batch as u64);
        if bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
            let gib = MOST_BYTES >> 30;
            let message = format!("training `{}` would need more than {gib} GiB", workload.name);
            self.problems.push(Problem::new(message).hint("a smaller --batch needs less"));
            return;
        }
        let moves = |node: &&signloop_network::workload::Node| {
            matches!(node.operation, Operation::Rearrange)
        };
        if let Some(node) = workload.nodes.iter().find(moves) {
            let message =
                format!("`{}` is not trainable: `{}` rearranges", workload.name, node.name);
            self.problems.push(Problem::new(message).hint(
                "train in PyTorch and bring the weights with `signloop import weights` or `import onnx`",
            ));
            return;
        }
        self.slot(map(&workload.input));
        for (index, node) in workload.nodes.iter().enumerate() {
            let shape = map(&node.output);
            let first = self.place(node.inputs[0]);
            match &node.operation {
                Operation::Layer(_)
                    if self.sum_of(index).is_some_and(|sum| self.joined(sum) == Some(index)) => {}
                Operation::Layer(layer) => {
                    let is_last = index == last;
                    let in_sum = self.sum_of(index).is_some();
                    let convolution = self.convolution(layer, first);
                    let offset = self.offset(layer, is_last);
                    let activation = if is_last || in_sum {
                        Activation::None
                    } else {
                        self.activation(&layer.name, shape.2)
                    };
                    self.block(index, (first, shape), Some(convolution), offset, None, activation);
                }
                Operation::Pool { kernel, stride, padding, average } => {
                    let input = self.network.slots[first].shape;
                    let pooling = Pooling {
                        input,
                        output: (shape.0, shape.1),
                        kernel: *kernel as usize,
                        stride: *stride as usize,
                        padding: *padding as usize,
                        average: *average,
                    };
                    self.pool(index, first, shape, pooling);
                }
                Operation::GlobalPool => {
                    let pooling = Pooling::global(self.network.slots[first].shape);
                    self.pool(index, first, shape, pooling);
                }
                Operation::Add => self.sum(index, shape),
                Operation::Rearrange => unreachable!("refused above"),
            }
        }
    }

    /// The sum that is a node's only reader.
    fn sum_of(&self, index: usize) -> Option<usize> {
        let nodes = &self.workload.nodes;
        let reads = |node: &signloop_network::workload::Node| {
            node.inputs.iter().filter(|input| **input == Some(index)).count()
        };
        let mut readers = nodes.iter().enumerate().filter(|(_, node)| reads(node) > 0);
        match (readers.next(), readers.next()) {
            (Some((reader, node)), None)
                if matches!(node.operation, Operation::Add) && reads(node) == 1 =>
            {
                Some(reader)
            }
            _ => None,
        }
    }

    /// The layer that is computed together with a sum: one that only the sum reads.
    fn joined(&self, sum: usize) -> Option<usize> {
        let node = &self.workload.nodes[sum];
        let is_layer = |input: &Option<usize>| {
            input.filter(|index| {
                let is_layer = matches!(self.workload.nodes[*index].operation, Operation::Layer(_));
                is_layer && self.sum_of(*index) == Some(sum)
            })
        };
        is_layer(&node.inputs[0]).or_else(|| {
            let second = is_layer(&node.inputs[1])?;
            // The sum has the first map's shape; only an equal second one can take its place.
            (self.workload.nodes[second].output == node.output).then_some(second)
        })
    }

    fn sum(&mut self, index: usize, shape: (usize, usize, usize)) {
        let workload = self.workload;
        let node = &workload.nodes[index];
        let joined = self.joined(index);
        let other = match joined {
            Some(joined) if node.inputs[0] == Some(joined) => node.inputs[1],
            Some(_) => node.inputs[0],
            None => node.inputs[1],
        };
        let other = self.place(other);
        let kind = Subsample::new(self.network.slots[other].shape, shape);
        let shortcut = Some((other, kind));
        let activation = self.activation(&node.name, shape.2);
        match joined.map(|joined| &workload.nodes[joined]) {
            Some(from) => {
                let Operation::Layer(layer) = &from.operation else { unreachable!("a layer") };
                let first = self.place(from.inputs[0]);
                let convolution = self.convolution(layer, first);
                let offset = self.offset(layer, false);
                self.block(index, (first, shape), Some(convolution), offset, shortcut, activation);
            }
            None => {
                let first = self.place(node.inputs[0]);
                self.block(index, (first, shape), None, Offset::None, shortcut, activation);
            }
        }
    }

    fn place(&self, node: Option<usize>) -> usize {
        node.map_or(0, |index| self.places[index].unwrap_or(0))
    }

    fn slot(&mut self, shape: (usize, usize, usize)) -> usize {
        self.network.slots.push(Slot::new(shape, self.network.batch));
        self.network.slots.len() - 1
    }

    fn block(
        &mut self,
        index: usize,
        (input, shape): (usize, (usize, usize, usize)),
        convolution: Option<Convolution>,
        offset: Offset,
        shortcut: Option<(usize, Subsample)>,
        activation: Activation,
    ) {
        let output = self.slot(shape);
        self.places[index] = Some(output);
        let block = Block::new((input, output), convolution, offset, shortcut, activation);
        self.network.units.push(Unit::Block(Box::new(block)));
    }

    fn pool(&mut self, index: usize, input: usize, shape: (usize, usize, usize), pooling: Pooling) {
        let output = self.slot(shape);
        self.places[index] = Some(output);
        self.network.units.push(Unit::Pool(Pool { input, output, pooling }));
    }

    fn parameter(&mut self, parameter: Parameter) -> usize {
        self.network.parameters.push(parameter);
        self.network.parameters.len() - 1
    }

    fn convolution(&mut self, layer: &Layer, input: usize) -> Convolution {
        let mut geometry = Geometry::of(&layer.shape);
        let weight_shape = layer.shape.weight_shape();
        let mut shape = vec![weight_shape.filters, weight_shape.channels];
        let (height, width, channels) = self.network.slots[input].shape;
        if matches!(layer.shape.kind, signloop_network::workload::LayerKind::Linear) {
            // Over a map, a linear layer is one kernel as large as the map, so that its weights
            // keep PyTorch's order (channel, row, column).
            geometry = Geometry {
                in_height: height,
                in_width: width,
                in_channels: channels,
                kernel_height: height,
                kernel_width: width,
                ..geometry
            };
        } else {
            shape.extend([weight_shape.kernel_height, weight_shape.kernel_width]);
        }
        let role = if layer.quantized { Role::Latent } else { Role::Weight };
        let mut parameter = Parameter::filled(layer.tensor.clone(), shape, 0.0, role);
        let fan_in = weight_shape.filter_len();
        initial_weights(&mut parameter.values, fan_in, &layer.name, self.seed);
        let weight = self.parameter(parameter);
        Convolution::new(geometry, self.network.engine, weight, layer.quantized)
    }

    fn offset(&mut self, layer: &Layer, is_last: bool) -> Offset {
        let channels = layer.shape.out_channels as usize;
        let name = |part: &str| format!("{}.{part}", layer.name);
        if is_last {
            let bias = Parameter::filled(name("bias"), vec![channels], 0.0, Role::Offset);
            return Offset::Bias(self.parameter(bias));
        }
        let first = self.network.parameters.len();
        for (part, value, role) in [
            ("norm.weight", 1.0, Role::Offset),
            ("norm.bias", 0.0, Role::Offset),
            ("norm.running_mean", 0.0, Role::Statistic),
            ("norm.running_var", 1.0, Role::Statistic),
        ] {
            self.parameter(Parameter::filled(name(part), vec![channels], value, role));
        }
        Offset::Norm(first)
    }

    fn activation(&mut self, name: &str, channels: usize) -> Activation {
        match self.activation {
            ActivationKind::Relu => Activation::Relu,
            ActivationKind::Prelu => {
                let name = format!("{name}.prelu.weight");
                let slopes = Parameter::filled(name, vec![channels], 0.25, Role::Offset);
                Activation::Prelu(self.parameter(slopes))
            }
        }
    }
}
