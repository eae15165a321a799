//! Copies between the layouts of a convolution: weights are K×C×R×S in parameters and files
//! (PyTorch's order), in blocks of columns for the tiles, and R×S×C×K where gradients add up.

use super::{
    aligned::Aligned,
    engine::Engine,
    geometry::{Border, Geometry, Phase},
};

/// Packs weights for the forward pass: blocks of K; inside each, R × S × C rows of a block.
/// The last block is filled up with zeros. `packed` is resized to what is needed.
pub(super) fn pack_forward(
    geometry: &Geometry,
    engine: Engine,
    weights: &[f32],
    packed: &mut Aligned,
) {
    let Geometry { in_channels, out_channels, kernel_height, kernel_width, .. } = *geometry;
    let taps = kernel_height * kernel_width;
    let block = engine.block(out_channels);
    packed.reset(out_channels.next_multiple_of(block) * taps * in_channels);
    for (k, filter) in weights.chunks_exact(taps * in_channels).enumerate() {
        let base = k / block * taps * in_channels * block + k % block;
        for (c, kernel) in filter.chunks_exact(taps).enumerate() {
            for (tap, weight) in kernel.iter().enumerate() {
                packed[base + (tap * in_channels + c) * block] = *weight;
            }
        }
    }
}

/// Packs weights for the data gradient: for every phase, blocks of C; inside each, the phase's
/// taps in reverse × K rows of a block.
pub(super) fn pack_backward(
    geometry: &Geometry,
    engine: Engine,
    phases: &[Phase],
    weights: &[f32],
    packed: &mut Aligned,
) {
    let Geometry { in_channels, out_channels, kernel_height, kernel_width, stride, .. } = *geometry;
    let block = engine.block(in_channels);
    let padded = in_channels.next_multiple_of(block);
    let total: usize =
        phases.iter().map(|phase| phase.taps.0 * phase.taps.1 * out_channels * padded).sum();
    packed.reset(total);
    for phase in phases {
        let (rows, columns) = phase.taps;
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
            let r = phase.residue.0 + stride * (rows - 1 - row);
            let s = phase.residue.1 + stride * (columns - 1 - column);
            for k in 0..out_channels {
                let inner = (row * columns + column) * out_channels + k;
                for c in 0..in_channels {
                    let from = ((k * in_channels + c) * kernel_height + r) * kernel_width + s;
                    let block_base = c / block * rows * columns * out_channels;
                    packed[phase.weights + (block_base + inner) * block + c % block] =
                        weights[from];
                }
            }
        }
    }
}

/// Every weight of K×C×R×S with its place in R×S×C×K and in R×S×K×C (C: channels of a group).
fn places(geometry: &Geometry) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (channels, filters) = (geometry.filter_channels(), geometry.out_channels);
    let taps = geometry.kernel_height * geometry.kernel_width;
    (0..filters).flat_map(move |k| {
        (0..channels).flat_map(move |c| {
            (0..taps).map(move |tap| {
                ((tap * channels + c) * filters + k, (tap * filters + k) * channels + c)
            })
        })
    })
}

/// Lays weights out as R×S×C×K, for grouped and dilated convolutions.
pub(super) fn pack_taps(geometry: &Geometry, weights: &[f32], packed: &mut Aligned) {
    packed.resize(weights.len());
    for (weight, (place, _)) in weights.iter().zip(places(geometry)) {
        packed[place] = *weight;
    }
}

/// Lays weights out as R×S×K×C, for the data gradient of grouped and dilated convolutions.
pub(super) fn pack_taps_transposed(geometry: &Geometry, weights: &[f32], packed: &mut Aligned) {
    packed.resize(weights.len());
    for (weight, (_, place)) in weights.iter().zip(places(geometry)) {
        packed[place] = *weight;
    }
}

/// Turns an R×S×C×K gradient into a K×C×R×S one.
pub(super) fn gather_gradient(geometry: &Geometry, sums: &[f32], gradient: &mut [f32]) {
    let (channels, filters) = (geometry.filter_channels(), geometry.out_channels);
    let taps = geometry.kernel_height * geometry.kernel_width;
    for (k, filter) in gradient.chunks_exact_mut(taps * channels).enumerate() {
        for (c, kernel) in filter.chunks_exact_mut(taps).enumerate() {
            for (tap, value) in kernel.iter_mut().enumerate() {
                *value = sums[(tap * channels + c) * filters + k];
            }
        }
    }
}

/// Copies a map into the middle of zeros.
pub(super) fn pad(
    map: &[f32],
    (height, width, channels): (usize, usize, usize),
    border: Border,
    padded: &mut [f32],
) {
    let pitch = (width + border.left + border.right) * channels;
    let (left, row_len) = (border.left * channels, width * channels);
    let (before, rest) = padded.split_at_mut(border.top * pitch);
    before.fill(0.0);
    let (middle, after) = rest.split_at_mut(height * pitch);
    for (row, target) in map.chunks_exact(row_len).zip(middle.chunks_exact_mut(pitch)) {
        target[..left].fill(0.0);
        target[left..left + row_len].copy_from_slice(row);
        target[left + row_len..].fill(0.0);
    }
    after.fill(0.0);
}
