//! A block: convolution, batch normalisation or bias, an optional shortcut, an activation.
//! Every part may be absent, so that a linear classifier and a bare sum are blocks too.

use rayon::prelude::*;

use super::{
    aligned::Aligned,
    conv::Engine,
    direct::{Backward, forward},
    geometry::{Border, Geometry, Phase},
    layout::{gather_gradient, pack_backward, pack_forward},
    parameter::Parameter,
    pointwise::{
        Affine, Normalised, add, denormalise, gradient_sums, moments, normalise, prelu,
        prelu_backward, rectify,
    },
    shortcut::Subsample,
    slot::Slot,
    space::{Workspace, images_per_chunk},
};

/// ε of batch normalisation, and the weight of a new batch in the running statistics (PyTorch).
const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// One pass over a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub images: usize,
    /// Statistics of the batch instead of the running ones, and memory for the backward pass.
    pub training: bool,
    pub engine: Engine,
}

/// The convolution of a block.
#[derive(Debug)]
pub(super) struct Convolution {
    pub geometry: Geometry,
    /// Index of the weights.
    pub weight: usize,
    pub quantized: bool,
    phases: Vec<Phase>,
    /// Weights as the network uses them (quantised or not), K×C×R×S.
    pub effective: Vec<f32>,
    packed_forward: Aligned,
    packed_backward: Aligned,
}

impl Convolution {
    pub(super) fn new(geometry: Geometry, engine: Engine, weight: usize, quantized: bool) -> Self {
        Self {
            geometry,
            weight,
            quantized,
            phases: geometry.phases(engine),
            effective: vec![0.0; geometry.weights_len()],
            packed_forward: Aligned::default(),
            packed_backward: Aligned::default(),
        }
    }

    /// Packs the effective weights.
    pub(super) fn pack(&mut self, engine: Engine, training: bool) {
        pack_forward(&self.geometry, engine, &self.effective, &mut self.packed_forward);
        if training {
            let packed = &mut self.packed_backward;
            pack_backward(&self.geometry, engine, &self.phases, &self.effective, packed);
        }
    }

    /// Pointwise layers take all images of a chunk at once; others one after the other.
    fn run_forward(
        &self,
        engine: Engine,
        x: &[f32],
        scratch: &mut super::direct::Scratch,
        y: &mut [f32],
    ) {
        let geometry = &self.geometry;
        let (inputs, outputs) = (geometry.input_len(), geometry.output_len());
        if geometry.is_pointwise() {
            let merged = geometry.merged(x.len() / inputs);
            forward(&merged, engine, x, &self.packed_forward, scratch, y);
            return;
        }
        for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
            forward(geometry, engine, x, &self.packed_forward, scratch, y);
        }
    }
}

/// What follows the convolution, per channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Offset {
    None,
    /// Index of the bias.
    Bias(usize),
    /// Index of γ; β, the running mean and the running variance follow it.
    Norm(usize),
}

/// What ends the block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Activation {
    None,
    Relu,
    /// Index of the slopes.
    Prelu(usize),
}

/// A block of the network.
#[derive(Debug)]
pub(super) struct Block {
    pub input: usize,
    pub output: usize,
    pub convolution: Option<Convolution>,
    pub offset: Offset,
    pub shortcut: Option<(usize, Subsample)>,
    pub activation: Activation,
    state: State,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug, Default)]
struct State {
    /// Output of the convolution.
    raw: Aligned,
    /// Input of a PReLU.
    before: Aligned,
    /// Mean of the batch, and 1/√(variance + ε), per channel.
    mean: Vec<f32>,
    inverse: Vec<f64>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Block {
    pub(super) fn new(
        (input, output): (usize, usize),
        convolution: Option<Convolution>,
        offset: Offset,
        shortcut: Option<(usize, Subsample)>,
        activation: Activation,
    ) -> Self {
        let state = State::default();
        Self { input, output, convolution, offset, shortcut, activation, state }
    }

    /// Computes the output slot.
    pub(super) fn forward(
        &mut self,
        pass: Pass,
        parameters: &mut [Parameter],
        slots: &mut [Slot],
        work: &mut Workspace,
    ) {
        let mut out = std::mem::take(&mut slots[self.output].values);
        let (len, channels) = (slots[self.output].len(), slots[self.output].channels());
        let per = images_per_chunk(pass.images) * len;
        let used = pass.images * len;
        let mut raw = std::mem::take(&mut self.state.raw);
        if let Some(convolution) = &self.convolution {
            raw.resize(out.len());
            let input = &slots[self.input].values[..pass.images * slots[self.input].len()];
            let centre = match self.offset {
                Offset::Norm(gamma) if pass.training => Some(&parameters[gamma + 2].values),
                _ => None,
            };
            let inputs = input.par_chunks(images_per_chunk(pass.images) * slots[self.input].len());
            raw[..used].par_chunks_mut(per).zip(inputs).zip(&mut work.chunks).for_each(
                |((y, x), space)| {
                    convolution.run_forward(pass.engine, x, &mut space.scratch, y);
                    space.clear_sums(2 * channels);
                    if let Some(centre) = centre {
                        // Image by image: single precision inside an image, double across.
                        for image in y.chunks_exact(len) {
                            moments(image, centre, &mut space.sums);
                        }
                    }
                },
            );
        }
        self.coefficients(pass, parameters, channels, used / channels, work);
        let source = match &self.convolution {
            Some(_) => &raw[..used],
            None => &slots[self.input].values[..used],
        };
        let affine = Affine { scale: &self.state.scale, shift: &self.state.shift };
        let shortcut = self.shortcut.map(|(slot, kind)| (&slots[slot].values[..], kind));
        let (identity, subsampled) = match shortcut {
            Some((values, kind)) if kind.is_identity() => (Some(values), None),
            other => (None, other),
        };
        let relu = self.activation == Activation::Relu;
        let mut before = std::mem::take(&mut self.state.before);
        if matches!(self.activation, Activation::Prelu(_)) {
            before.resize(out.len());
        }
        let target = if before.is_empty() { &mut out } else { &mut before };
        let rectify_now = relu && subsampled.is_none();
        target[..used].par_chunks_mut(per).zip(source.par_chunks(per)).enumerate().for_each(
            |(index, (out, y))| {
                let identity = identity.map(|values| &values[index * per..]);
                normalise(y, affine, identity, rectify_now, out);
                if let Some((values, kind)) = subsampled {
                    let from = kind.from.0 * kind.from.1 * kind.from.2;
                    let first = index * (per / len);
                    let sources = values[first * from..].chunks_exact(from);
                    for (source, out) in sources.zip(out.chunks_exact_mut(len)) {
                        kind.add(source, out);
                    }
                    if relu {
                        rectify(out);
                    }
                }
            },
        );
        if let Activation::Prelu(slopes) = self.activation {
            let slopes = &parameters[slopes].values;
            let pairs = out[..used].par_chunks_mut(per).zip(before[..used].par_chunks(per));
            pairs.for_each(|(out, x)| prelu(x, slopes, out));
        }
        self.state.raw = raw;
        self.state.before = before;
        slots[self.output].values = out;
    }

    /// Scale and shift of every channel; in training also the running statistics.
    fn coefficients(
        &mut self,
        pass: Pass,
        parameters: &mut [Parameter],
        channels: usize,
        positions: usize,
        work: &Workspace,
    ) {
        let State { mean, inverse, scale, shift, .. } = &mut self.state;
        mean.resize(channels, 0.0);
        inverse.resize(channels, 1.0);
        scale.resize(channels, 1.0);
        shift.resize(channels, 0.0);
        match self.offset {
            Offset::None => {}
            Offset::Bias(bias) => shift.copy_from_slice(&parameters[bias].values),
            Offset::Norm(gamma) => {
                let [gamma, beta, running_mean, running_variance] =
                    &mut parameters[gamma..gamma + 4]
                else {
                    unreachable!("four tensors of a normalisation")
                };
                let chunks = pass.images.div_ceil(images_per_chunk(pass.images));
                let sums = work.total(chunks, if pass.training { 2 * channels } else { 0 });
                let count = positions as f64;
                for k in 0..channels {
                    let running = &mut running_mean.values[k];
                    let running_variance = &mut running_variance.values[k];
                    let (mut average, mut variance) =
                        (f64::from(*running), f64::from(*running_variance));
                    if pass.training {
                        let distance = sums[k] / count;
                        average += distance;
                        let batch = (sums[channels + k] / count - distance * distance).max(0.0);
                        let unbiased = batch * count / (count - 1.0).max(1.0);
                        let old = f64::from(*running);
                        *running = (old + MOMENTUM * (average - old)) as f32;
                        *running_variance = (variance + MOMENTUM * (unbiased - variance)) as f32;
                        variance = batch;
                    }
                    inverse[k] = 1.0 / (variance + EPSILON).sqrt();
                    mean[k] = average as f32;
                    let factor = f64::from(gamma.values[k]) * inverse[k];
                    scale[k] = factor as f32;
                    shift[k] = (f64::from(beta.values[k]) - average * factor) as f32;
                }
            }
        }
    }

    /// From the gradient of the output slot: gradients of the parameters, of the input slot and
    /// of the shortcut's slot.
    pub(super) fn backward(
        &mut self,
        pass: Pass,
        parameters: &mut [Parameter],
        slots: &mut [Slot],
        work: &mut Workspace,
    ) {
        let (len, channels) = (slots[self.output].len(), slots[self.output].channels());
        let per = images_per_chunk(pass.images) * len;
        let used = pass.images * len;
        let Some(mut gradient) = slots[self.output].gradient.take() else { return };
        let source = match &self.convolution {
            Some(_) => &self.state.raw[..used],
            None => &slots[self.input].values[..used],
        };
        let out = &slots[self.output].values[..used];
        let (mean, before) = (&self.state.mean, &self.state.before);
        let slopes = match self.activation {
            Activation::Prelu(slopes) => Some(&parameters[slopes].values),
            _ => None,
        };
        let relu = self.activation == Activation::Relu;
        gradient[..used]
            .par_chunks_mut(per)
            .zip(source.par_chunks(per))
            .zip(out.par_chunks(per))
            .zip(&mut work.chunks)
            .enumerate()
            .for_each(|(index, (((gradient, y), out), space))| {
                space.clear_sums(3 * channels);
                let maps = y.chunks_exact(len).zip(out.chunks_exact(len));
                for (image, ((y, out), gradient)) in
                    maps.zip(gradient.chunks_exact_mut(len)).enumerate()
                {
                    let (sums, slope_sums) = space.sums.split_at_mut(2 * channels);
                    if let Some(slopes) = slopes {
                        let before = &before[index * per + image * len..][..len];
                        prelu_backward(before, slopes, gradient, slope_sums);
                    }
                    gradient_sums(y, mean, relu.then_some(out), gradient, sums);
                }
            });
        let chunks = pass.images.div_ceil(images_per_chunk(pass.images));
        let sums = work.total(chunks, 3 * channels);
        let coefficients = self.offset_gradients(parameters, &sums, used / channels);
        self.pass_to_shortcut(pass, slots, work, &gradient);
        match &self.convolution {
            None => add_to_slot(&mut slots[self.input], pass, work, &gradient),
            Some(convolution) => {
                let [a, b, c] = &coefficients;
                let of = Normalised { a, b, c };
                let raw = &self.state.raw[..used];
                let maps = (&gradient[..], raw);
                convolution_backward(
                    convolution,
                    pass,
                    parameters,
                    (slots, self.input),
                    work,
                    maps,
                    of,
                );
            }
        }
        // An identity shortcut whose source has no gradient yet takes this one as it is.
        match self.shortcut {
            Some((slot, kind)) if kind.is_identity() && slots[slot].gradient.is_none() => {
                slots[slot].gradient = Some(gradient);
            }
            _ => work.give(gradient),
        }
    }

    /// Adds the gradient to the shortcut's slot, unless it can be handed over whole at the end.
    fn pass_to_shortcut(
        &self,
        pass: Pass,
        slots: &mut [Slot],
        work: &mut Workspace,
        gradient: &[f32],
    ) {
        let Some((slot, kind)) = self.shortcut else { return };
        // A block that reads one slot twice must not find it empty at the end.
        let whole = kind.is_identity() && slots[slot].gradient.is_none() && slot != self.input;
        if whole {
            return;
        }
        if kind.is_identity() {
            add_to_slot(&mut slots[slot], pass, work, gradient);
            return;
        }
        let (to, from) = (slots[self.output].len(), slots[slot].len());
        let images = images_per_chunk(pass.images);
        let mut data = slots[slot].gradient.take().unwrap_or_else(|| {
            let mut fresh = work.take(slots[slot].values.len());
            fresh.fill(0.0);
            fresh
        });
        data[..pass.images * from]
            .par_chunks_mut(images * from)
            .zip(gradient[..pass.images * to].par_chunks(images * to))
            .for_each(|(data, gradient)| {
                for (data, gradient) in data.chunks_exact_mut(from).zip(gradient.chunks_exact(to)) {
                    kind.add_transposed(gradient, data);
                }
            });
        slots[slot].gradient = Some(data);
    }

    /// Writes the gradients of bias, γ, β and slopes. Returns a, b, c with ∂/∂y = a·g + b·y + c.
    ///
    /// With t = y − mean, s = 1/√(var + ε), S₁ = Σg, S₂ = Σg·t over M positions (Ioffe and
    /// Szegedy 2015): ∂y = γs·(g − S₁/M − t·s²·S₂/M).
    fn offset_gradients(
        &self,
        parameters: &mut [Parameter],
        sums: &[f64],
        positions: usize,
    ) -> [Vec<f32>; 3] {
        let channels = sums.len() / 3;
        let (first, rest) = sums.split_at(channels);
        let (second, slopes) = rest.split_at(channels);
        let write = |parameter: &mut Parameter, values: &[f64]| {
            for (gradient, value) in parameter.gradient.iter_mut().zip(values) {
                *gradient = *value as f32;
            }
        };
        if let Activation::Prelu(index) = self.activation {
            write(&mut parameters[index], slopes);
        }
        let (mut a, mut b, mut c) = (vec![1.0; channels], vec![0.0; channels], vec![0.0; channels]);
        match self.offset {
            Offset::None => {}
            Offset::Bias(bias) => write(&mut parameters[bias], first),
            Offset::Norm(index) => {
                let count = positions as f64;
                for k in 0..channels {
                    let inverse = self.state.inverse[k];
                    let factor = f64::from(parameters[index].values[k]) * inverse;
                    let slope = -factor * inverse * inverse * second[k] / count;
                    a[k] = factor as f32;
                    b[k] = slope as f32;
                    c[k] =
                        (-factor * first[k] / count - slope * f64::from(self.state.mean[k])) as f32;
                    parameters[index].gradient[k] = (second[k] * inverse) as f32;
                }
                write(&mut parameters[index + 1], first);
            }
        }
        [a, b, c]
    }
}

/// Adds a gradient to a slot's.
fn add_to_slot(slot: &mut Slot, pass: Pass, work: &mut Workspace, gradient: &[f32]) {
    let used = pass.images * slot.len();
    let per = images_per_chunk(pass.images) * slot.len();
    let fresh = slot.gradient.is_none();
    let mut data = slot.gradient.take().unwrap_or_else(|| work.take(slot.values.len()));
    data[..used].par_chunks_mut(per).zip(gradient[..used].par_chunks(per)).for_each(
        |(data, gradient)| {
            if fresh { data.copy_from_slice(gradient) } else { add(gradient, data) }
        },
    );
    slot.gradient = Some(data);
}

/// Both gradients of a block's convolution, from the gradient behind its normalisation.
fn convolution_backward(
    convolution: &Convolution,
    pass: Pass,
    parameters: &mut [Parameter],
    (slots, input): (&mut [Slot], usize),
    work: &mut Workspace,
    (gradient, raw): (&[f32], &[f32]),
    of: Normalised<'_>,
) {
    let geometry = &convolution.geometry;
    let (inputs, outputs) = (geometry.input_len(), geometry.output_len());
    let images = images_per_chunk(pass.images);
    // The network's input has no use for a gradient.
    let wanted = input != 0;
    let accumulate = slots[input].gradient.is_some();
    let mut data = match slots[input].gradient.take() {
        _ if !wanted => Aligned::default(),
        Some(gradient) => gradient,
        None => work.take(slots[input].values.len()),
    };
    let x = &slots[input].values[..pass.images * inputs];
    let chunks = pass.images.div_ceil(images);
    let mut targets: Vec<Option<&mut [f32]>> = if wanted {
        data[..pass.images * inputs].chunks_mut(images * inputs).map(Some).collect()
    } else {
        (0..chunks).map(|_| None).collect()
    };
    let weights = geometry.weights_len();
    gradient[..pass.images * outputs]
        .par_chunks(images * outputs)
        .zip(raw.par_chunks(images * outputs))
        .zip(x.par_chunks(images * inputs))
        .zip(&mut targets)
        .zip(&mut work.chunks)
        .for_each(|((((g, y), x), target), space)| {
            let scratch = &mut space.scratch;
            scratch.weights.reset(weights);
            let run = |geometry: &Geometry,
                       phases: &[Phase],
                       scratch: &mut _,
                       target: Option<&mut [f32]>,
                       x: &[f32],
                       g: &[f32],
                       y: &[f32]| {
                let backward = Backward {
                    geometry,
                    engine: pass.engine,
                    phases,
                    packed: &convolution.packed_backward,
                    accumulate,
                };
                backward.run(x, scratch, target, |padded, border| {
                    pad_gradient(geometry, g, y, of, border, padded);
                });
            };
            if geometry.is_pointwise() {
                let merged = geometry.merged(x.len() / inputs);
                let phases = merged.phases(pass.engine);
                run(&merged, &phases, scratch, target.as_deref_mut(), x, g, y);
                return;
            }
            let maps = g.chunks_exact(outputs).zip(y.chunks_exact(outputs));
            for (image, ((g, y), x)) in maps.zip(x.chunks_exact(inputs)).enumerate() {
                let target =
                    target.as_deref_mut().map(|target| &mut target[image * inputs..][..inputs]);
                run(geometry, &convolution.phases, scratch, target, x, g, y);
            }
        });
    if wanted {
        slots[input].gradient = Some(data);
    }
    // Chunk by chunk in order, whatever thread did which.
    const PIECE: usize = 4096;
    work.weights.resize(weights, 0.0);
    let spaces = &work.chunks[..chunks];
    work.weights.par_chunks_mut(PIECE).enumerate().for_each(|(index, sums)| {
        sums.copy_from_slice(&spaces[0].scratch.weights[index * PIECE..][..sums.len()]);
        for space in &spaces[1..] {
            add(&space.scratch.weights[index * PIECE..], sums);
        }
    });
    gather_gradient(geometry, &work.weights, &mut parameters[convolution.weight].gradient);
}

/// The gradient before the normalisation, with zeros around it.
fn pad_gradient(
    geometry: &Geometry,
    g: &[f32],
    y: &[f32],
    of: Normalised<'_>,
    border: Border,
    padded: &mut [f32],
) {
    let channels = geometry.out_channels;
    let row = geometry.out_width * channels;
    let pitch = row + (border.left + border.right) * channels;
    let left = border.left * channels;
    let (before, rest) = padded.split_at_mut(border.top * pitch);
    before.fill(0.0);
    let (middle, after) = rest.split_at_mut(geometry.out_height * pitch);
    let rows = g.chunks_exact(row).zip(y.chunks_exact(row));
    for ((g, y), target) in rows.zip(middle.chunks_exact_mut(pitch)) {
        target[..left].fill(0.0);
        denormalise(g, y, of, &mut target[left..left + row]);
        target[left + row..].fill(0.0);
    }
    after.fill(0.0);
}
