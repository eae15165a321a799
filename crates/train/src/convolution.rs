//! A block's convolution over a batch, forward and backward: which kernel runs, image by image or
//! all images of a chunk at once, and the sum of the weight gradient.

use rayon::prelude::*;

use super::{
    aligned::Aligned,
    direct::{Backward, Scratch, forward},
    engine::Engine,
    geometry::{Border, Geometry, Phase},
    grouped,
    layout::{gather_gradient, pack_backward, pack_forward, pack_taps, pack_taps_transposed},
    parameter::Parameter,
    pass::Pass,
    pointwise::{Normalised, add, denormalise},
    slot::Slot,
    space::{Workspace, images_per_chunk},
};

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
            phases: if geometry.is_plain() { geometry.phases(engine) } else { Vec::new() },
            effective: vec![0.0; geometry.weights_len()],
            packed_forward: Aligned::default(),
            packed_backward: Aligned::default(),
        }
    }

    /// Packs the effective weights.
    pub(super) fn pack(&mut self, engine: Engine, training: bool) {
        let geometry = &self.geometry;
        if !geometry.is_plain() {
            pack_taps(geometry, &self.effective, &mut self.packed_forward);
            if training {
                pack_taps_transposed(geometry, &self.effective, &mut self.packed_backward);
            }
            return;
        }
        pack_forward(&self.geometry, engine, &self.effective, &mut self.packed_forward);
        if training {
            let packed = &mut self.packed_backward;
            pack_backward(&self.geometry, engine, &self.phases, &self.effective, packed);
        }
    }

    /// Pointwise layers take all images of a chunk at once; others one after the other.
    pub(super) fn run_forward(
        &self,
        engine: Engine,
        x: &[f32],
        scratch: &mut Scratch,
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
            if geometry.is_plain() {
                forward(geometry, engine, x, &self.packed_forward, scratch, y);
            } else {
                grouped::forward(geometry, x, &self.packed_forward, y);
            }
        }
    }

    /// Both gradients, from the gradient behind the normalisation. `maps` holds that gradient and
    /// the convolution's output.
    pub(super) fn backward(
        &self,
        pass: Pass,
        parameters: &mut [Parameter],
        (slots, input): (&mut [Slot], usize),
        work: &mut Workspace,
        (gradient, raw): (&[f32], &[f32]),
        of: Normalised<'_>,
    ) {
        let geometry = &self.geometry;
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
        gradient[..pass.images * outputs]
            .par_chunks(images * outputs)
            .zip(raw.par_chunks(images * outputs))
            .zip(x.par_chunks(images * inputs))
            .zip(&mut targets)
            .zip(&mut work.chunks)
            .for_each(|((((g, y), x), target), space)| {
                let scratch = &mut space.scratch;
                scratch.weights.reset(geometry.weights_len());
                let run = |geometry: &Geometry,
                           phases: &[Phase],
                           scratch: &mut _,
                           target: Option<&mut [f32]>,
                           x: &[f32],
                           g: &[f32],
                           y: &[f32]| {
                    if !geometry.is_plain() {
                        let packed = &self.packed_backward;
                        grouped::backward(geometry, x, packed, scratch, target, accumulate, |dy| {
                            pad_gradient(geometry, g, y, of, Border::NONE, dy);
                        });
                        return;
                    }
                    let backward = Backward {
                        geometry,
                        engine: pass.engine,
                        phases,
                        packed: &self.packed_backward,
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
                    run(geometry, &self.phases, scratch, target, x, g, y);
                }
            });
        if wanted {
            slots[input].gradient = Some(data);
        }
        sum_of_chunks(work, chunks, geometry.weights_len());
        gather_gradient(geometry, &work.weights, &mut parameters[self.weight].gradient);
    }
}

/// Sums the chunks' gradients of the weights, chunk by chunk in order, whatever thread did which.
fn sum_of_chunks(work: &mut Workspace, chunks: usize, weights: usize) {
    const PIECE: usize = 4096;
    work.weights.resize(weights, 0.0);
    let spaces = &work.chunks[..chunks];
    work.weights.par_chunks_mut(PIECE).enumerate().for_each(|(index, sums)| {
        sums.copy_from_slice(&spaces[0].scratch.weights[index * PIECE..][..sums.len()]);
        for space in &spaces[1..] {
            add(&space.scratch.weights[index * PIECE..], sums);
        }
    });
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
