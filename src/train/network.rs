//! A trainable network, built from the same workload that the simulator reads.
//!
//! Normalisation and activations are not nodes of a workload; they follow from its shape:
//! every layer is followed by a batch normalisation and an activation, except that
//! * a layer read by nothing but a sum has no activation (the sum has one, as in ResNet), and
//! * the last layer has a bias instead of both (it gives the logits).

use rayon::prelude::*;

use super::{
    block::{Activation, Block, Convolution, Offset, Pass},
    conv::Engine,
    geometry::Geometry,
    initial::initial_weights,
    loss::{Score, Teacher, cross_entropy},
    parameter::{Parameter, Role},
    pool::Pooling,
    shortcut::Subsample,
    slot::Slot,
    space::{Workspace, images_per_chunk},
    surrogate::Quantizer,
};
use crate::{
    Result,
    diagnostics::{Problem, Problems},
    quant::{QuantizedTensor, WeightShape},
    workload::{Layer, Operation, Workload},
};

/// The activation function of every block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationKind {
    /// max(x, 0).
    Relu,
    /// With a learned slope per channel below zero, 0.25 at first (He et al. 2015).
    Prelu,
}

/// Network, parameters and memory for batches of one size.
#[derive(Debug)]
pub struct Network {
    /// All parameters, in the order of the layers.
    pub parameters: Vec<Parameter>,
    units: Vec<Unit>,
    slots: Vec<Slot>,
    work: Workspace,
    engine: Engine,
    batch: usize,
}

#[derive(Debug)]
enum Unit {
    Block(Box<Block>),
    Pool { input: usize, output: usize, pooling: Pooling },
}

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
        let mut builder = Builder {
            workload,
            activation,
            seed,
            network: Self {
                parameters: Vec::new(),
                units: Vec::new(),
                slots: Vec::new(),
                work: Workspace::new(),
                engine,
                batch,
            },
            places: vec![None; workload.nodes.len()],
            problems: Problems::new(),
        };
        builder.build();
        let Builder { network, problems, .. } = builder;
        Ok(problems.into_result(network)?)
    }

    /// Values of one input image.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.slots[0].len()
    }

    /// Classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.slots.last().map_or(0, Slot::len)
    }

    /// Room for a batch of input images (NHWC), to be filled before a pass.
    pub fn input(&mut self) -> &mut [f32] {
        &mut self.slots[0].values
    }

    /// The logits of the last pass: batch × classes.
    #[must_use]
    pub fn logits(&self) -> &[f32] {
        self.slots.last().map_or(&[], |slot| &slot.values)
    }

    /// Quantises the latents and lays all weights out for the tiles. Call it after every change
    /// of the weights. Without a quantiser the latents are used as they are.
    ///
    /// # Errors
    /// A weight is NaN or infinite.
    pub fn prepare(&mut self, quantizer: Option<&Quantizer>, training: bool) -> Result<Density> {
        let (parameters, engine) = (&self.parameters, self.engine);
        let counts: Vec<Result<Density, Problem>> = self
            .units
            .par_iter_mut()
            .map(|unit| {
                let Unit::Block(block) = unit else { return Ok(Density::default()) };
                let Some(convolution) = &mut block.convolution else {
                    return Ok(Density::default());
                };
                let parameter = &parameters[convolution.weight];
                let mut density = Density::default();
                match quantizer {
                    Some(quantizer) if convolution.quantized => {
                        let shape = weight_shape(&convolution.geometry);
                        let effective = &mut convolution.effective;
                        let tensor = quantizer.apply(&parameter.values, shape, effective).map_err(
                            |problem| {
                                let message = problem.message();
                                Problem::new(format!("`{}`: {message}", parameter.name))
                            },
                        )?;
                        density.effectual = tensor.effectual();
                        density.total = tensor.codes().len() as u64;
                    }
                    _ => convolution.effective.copy_from_slice(&parameter.values),
                }
                convolution.pack(engine, training);
                Ok(density)
            })
            .collect();
        let mut sum = Density::default();
        for count in counts {
            let count = count?;
            sum.effectual += count.effectual;
            sum.total += count.total;
        }
        Ok(sum)
    }

    /// From the input to the logits.
    pub fn forward(&mut self, images: usize, training: bool) {
        assert!(images <= self.batch, "more images than there is room for");
        let pass = Pass { images, training, engine: self.engine };
        for unit in &mut self.units {
            match unit {
                Unit::Block(block) => {
                    block.forward(pass, &mut self.parameters, &mut self.slots, &mut self.work);
                }
                Unit::Pool { input, output, pooling } => {
                    let (before, after) = self.slots.split_at_mut(*output);
                    let (from, to) = (&before[*input], &mut after[0]);
                    let (inputs, outputs) = (from.len(), to.len());
                    let per = images_per_chunk(images);
                    let values = from.values[..images * inputs].par_chunks(per * inputs);
                    to.values[..images * outputs]
                        .par_chunks_mut(per * outputs)
                        .zip(values)
                        .for_each(|(to, from)| {
                            let pairs = from.chunks_exact(inputs).zip(to.chunks_exact_mut(outputs));
                            pairs.for_each(|(from, to)| pooling.forward(from, to));
                        });
                }
            }
        }
    }

    /// Loss of the last pass against labels, and a teacher's logits with their share of the loss.
    #[must_use]
    pub fn score(&self, labels: &[u8]) -> Score {
        let logits = &self.logits()[..labels.len() * self.classes()];
        cross_entropy(logits, labels, None, None)
    }

    /// All gradients of the mean loss of the last pass (which must have been a training pass).
    /// `teacher` holds logits of the same images and their share of the loss. `progress` from
    /// 0 to 1 sets the width of EDE.
    pub fn backward(
        &mut self,
        labels: &[u8],
        teacher: Option<(&[f32], f32)>,
        quantizer: Option<&Quantizer>,
        progress: f64,
    ) -> Score {
        let images = labels.len();
        let pass = Pass { images, training: true, engine: self.engine };
        let last = self.slots.len() - 1;
        let logits = &self.slots[last];
        let used = images * logits.len();
        let mut gradient = self.work.take(logits.values.len());
        let teacher = teacher.map(|(logits, share)| Teacher { logits, share });
        let score =
            cross_entropy(&logits.values[..used], labels, teacher, Some(&mut gradient[..used]));
        self.slots[last].gradient = Some(gradient);
        for unit in self.units.iter_mut().rev() {
            match unit {
                Unit::Block(block) => {
                    block.backward(pass, &mut self.parameters, &mut self.slots, &mut self.work);
                }
                Unit::Pool { input, output, pooling } => {
                    if *input != 0 {
                        let places = (*input, *output);
                        pool_backward(pooling, places, images, &mut self.slots, &mut self.work);
                    }
                }
            }
        }
        for slot in &mut self.slots {
            if let Some(unused) = slot.gradient.take() {
                self.work.give(unused);
            }
        }
        if let Some(quantizer) = quantizer {
            let shapes: Vec<Option<WeightShape>> = {
                let mut shapes = vec![None; self.parameters.len()];
                for convolution in self.convolutions().filter(|found| found.quantized) {
                    shapes[convolution.weight] = Some(weight_shape(&convolution.geometry));
                }
                shapes
            };
            self.parameters.par_iter_mut().zip(shapes).for_each(|(parameter, shape)| {
                if let Some(shape) = shape {
                    let Parameter { values, gradient, .. } = parameter;
                    quantizer.backward(values, shape, progress, gradient);
                }
            });
        }
        score
    }

    fn convolutions(&self) -> impl Iterator<Item = &Convolution> {
        self.units.iter().filter_map(|unit| match unit {
            Unit::Block(block) => block.convolution.as_ref(),
            Unit::Pool { .. } => None,
        })
    }

    /// The quantised layers' tensors by name.
    ///
    /// # Errors
    /// A latent is NaN or infinite.
    pub fn quantized(&self, quantizer: &Quantizer) -> Result<Vec<(String, QuantizedTensor)>> {
        self.convolutions()
            .filter(|convolution| convolution.quantized)
            .map(|convolution| {
                let parameter = &self.parameters[convolution.weight];
                let shape = weight_shape(&convolution.geometry);
                let tensor = crate::quant::quantize(&parameter.values, shape, &quantizer.options)?;
                Ok((parameter.name.clone(), tensor))
            })
            .collect()
    }
}

/// Effectual and all weights of the quantised layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Density {
    /// Non-zero.
    pub effectual: u64,
    /// All.
    pub total: u64,
}

impl Density {
    /// Effectual share; 1 where nothing is quantised.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.total == 0 { 1.0 } else { self.effectual as f64 / self.total as f64 }
    }
}

/// Largest network that memory is allocated for.
const MOST_BYTES: u64 = 64 << 30;

/// About what training holds: three maps a node (value, convolution output, gradient), and for
/// a weight its value, gradient, two moments, quantised and packed forms, and eight partial sums.
fn needed_bytes(workload: &Workload, batch: u64) -> Option<u64> {
    let shapes = workload.nodes.iter().map(|node| &node.output).chain([&workload.input]);
    let mut floats = 0_u64;
    for shape in shapes {
        let pixels = shape.height.checked_mul(shape.width)?.checked_mul(shape.channels)?;
        floats = floats.checked_add(pixels.checked_mul(batch)?.checked_mul(3)?)?;
    }
    for layer in workload.layers() {
        floats = floats.checked_add((layer.shape.weight_shape().len() as u64).checked_mul(15)?)?;
    }
    floats.checked_mul(4)
}

fn weight_shape(geometry: &Geometry) -> WeightShape {
    WeightShape {
        filters: geometry.out_channels,
        channels: geometry.in_channels,
        kernel_height: geometry.kernel_height,
        kernel_width: geometry.kernel_width,
    }
}

fn pool_backward(
    pooling: &Pooling,
    (input, output): (usize, usize),
    images: usize,
    slots: &mut [Slot],
    work: &mut Workspace,
) {
    let Some(gradient) = slots[output].gradient.take() else { return };
    let mut data = slots[input].gradient.take().unwrap_or_else(|| {
        let mut fresh = work.take(slots[input].values.len());
        fresh.fill(0.0);
        fresh
    });
    let (inputs, outputs) = (slots[input].len(), slots[output].len());
    let per = images_per_chunk(images);
    data[..images * inputs]
        .par_chunks_mut(per * inputs)
        .zip(gradient[..images * outputs].par_chunks(per * outputs))
        .zip(slots[input].values[..images * inputs].par_chunks(per * inputs))
        .zip(slots[output].values[..images * outputs].par_chunks(per * outputs))
        .for_each(|(((data, g), x), y)| {
            let maps = x.chunks_exact(inputs).zip(y.chunks_exact(outputs));
            let gradients = g.chunks_exact(outputs).zip(data.chunks_exact_mut(inputs));
            for ((x, y), (g, data)) in maps.zip(gradients) {
                pooling.backward(x, y, g, data);
            }
        });
    slots[input].gradient = Some(data);
    work.give(gradient);
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
        let map = |map: &crate::workload::MapShape| {
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
                    self.block(index, (first, shape), convolution, offset, None, activation);
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
            }
        }
    }

    /// The sum that is a node's only reader.
    fn sum_of(&self, index: usize) -> Option<usize> {
        let nodes = &self.workload.nodes;
        let reads = |node: &crate::workload::Node| {
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
                self.block(index, (first, shape), convolution, offset, shortcut, activation);
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
        self.network.units.push(Unit::Pool { input, output, pooling });
    }

    fn parameter(&mut self, parameter: Parameter) -> usize {
        self.network.parameters.push(parameter);
        self.network.parameters.len() - 1
    }

    fn convolution(&mut self, layer: &Layer, input: usize) -> Option<Convolution> {
        let mut geometry = match Geometry::of(&layer.shape) {
            Ok(geometry) => geometry,
            Err(problem) => {
                let message = format!("layer `{}`: {}", layer.name, problem.message());
                self.problems.push(Problem::new(message).hint(
                    "the trainer does plain convolutions and linear layers; train this network \
                     elsewhere and bring its weights with --weights",
                ));
                return None;
            }
        };
        let weight_shape = layer.shape.weight_shape();
        let mut shape = vec![weight_shape.filters, weight_shape.channels];
        let (height, width, channels) = self.network.slots[input].shape;
        if matches!(layer.shape.kind, crate::workload::LayerKind::Linear) {
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
        Some(Convolution::new(geometry, self.network.engine, weight, layer.quantized))
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
