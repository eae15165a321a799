//! A block: convolution, batch normalisation or bias, an optional shortcut, an activation.
//! Every part may be absent, so that a linear classifier and a bare sum are blocks too.

use rayon::prelude::*;

use super::{
    aligned::Aligned,
    convolution::Convolution,
    parameter::Parameter,
    pass::Pass,
    pointwise::{
        Affine, Normalised, add, gradient_sums, moments, normalise, prelu, prelu_backward, rectify,
    },
    shortcut::Subsample,
    slot::Slot,
    space::{Workspace, images_per_chunk},
};

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
    pub(super) state: State,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Output of the convolution.
    raw: Aligned,
    /// Input of a PReLU.
    before: Aligned,
    /// Mean of the batch, and 1/√(variance + ε), per channel.
    pub(super) mean: Vec<f32>,
    pub(super) inverse: Vec<f64>,
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
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
                convolution.backward(pass, parameters, (slots, self.input), work, maps, of);
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
