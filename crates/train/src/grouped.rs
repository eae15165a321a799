//! Grouped, depthwise and dilated convolutions of one image: plain loops over kernel taps and
//! pixels, vectorised over channels. The order of every sum is fixed and no operation is fused,
//! so all processors give equal bits.

use super::{direct::Scratch, geometry::Geometry, pointwise::wide};

/// Calls `work` for every pair of an output pixel and the input pixel that a tap joins to it;
/// both are counted in pixels.
#[inline(always)]
fn for_pixels(geometry: &Geometry, tap: usize, mut work: impl FnMut(usize, usize)) {
    let Geometry { stride, padding, dilation, .. } = *geometry;
    let (row, column) = (tap / geometry.kernel_width, tap % geometry.kernel_width);
    let source = |place: usize, tap: usize, size: usize| {
        (place * stride + tap * dilation).checked_sub(padding).filter(|place| *place < size)
    };
    for y in 0..geometry.out_height {
        let Some(from_y) = source(y, row, geometry.in_height) else { continue };
        for x in 0..geometry.out_width {
            let Some(from_x) = source(x, column, geometry.in_width) else { continue };
            work(y * geometry.out_width + x, from_y * geometry.in_width + from_x);
        }
    }
}

/// `to[g·T + t] += Σ_f from[g·F + f] · weights[f·G·T + g·T + t]` for groups of F and T channels.
#[inline(always)]
fn spread(groups: usize, from: &[f32], weights: &[f32], to: &mut [f32]) {
    if from.len() == groups && to.len() == groups {
        for ((to, from), weight) in to.iter_mut().zip(from).zip(weights) {
            *to += from * weight;
        }
        return;
    }
    let (all, inner, outer) = (to.len(), from.len() / groups, to.len() / groups);
    for (group, (from, to)) in from.chunks_exact(inner).zip(to.chunks_exact_mut(outer)).enumerate()
    {
        for (f, x) in from.iter().enumerate() {
            let weights = &weights[f * all + group * outer..][..outer];
            for (to, weight) in to.iter_mut().zip(weights) {
                *to += x * weight;
            }
        }
    }
}

/// y = w ∗ x. `packed` holds the weights as R×S×C×K (C: channels of a group).
pub(super) fn forward(geometry: &Geometry, input: &[f32], packed: &[f32], output: &mut [f32]) {
    let Geometry { in_channels, out_channels, groups, .. } = *geometry;
    output.fill(0.0);
    wide(
        #[inline(always)]
        || {
            let taps = packed.chunks_exact(geometry.filter_channels() * out_channels);
            for (tap, weights) in taps.enumerate() {
                for_pixels(geometry, tap, |to, from| {
                    let x = &input[from * in_channels..][..in_channels];
                    let y = &mut output[to * out_channels..][..out_channels];
                    spread(groups, x, weights, y);
                });
            }
        },
    );
}

/// Adds the weight gradient to `scratch.weights` (R×S×C×K), and writes (or adds) the data gradient
/// if one is wanted. `fill` writes the output gradient; `packed` holds the weights as R×S×K×C,
/// with the K filters of all groups.
pub(super) fn backward(
    geometry: &Geometry,
    input: &[f32],
    packed: &[f32],
    scratch: &mut Scratch,
    data: Option<&mut [f32]>,
    accumulate: bool,
    fill: impl FnOnce(&mut [f32]),
) {
    let Geometry { in_channels, out_channels, groups, .. } = *geometry;
    scratch.gradient.resize(geometry.output_len());
    fill(&mut scratch.gradient);
    let Scratch { gradient, weights: sums, .. } = scratch;
    let gradient: &[f32] = gradient;
    let taps = geometry.filter_channels() * out_channels;
    wide(
        #[inline(always)]
        || {
            for (tap, sums) in sums.chunks_exact_mut(taps).enumerate() {
                for_pixels(geometry, tap, |to, from| {
                    let x = &input[from * in_channels..][..in_channels];
                    let dy = &gradient[to * out_channels..][..out_channels];
                    outer_product(groups, x, dy, sums);
                });
            }
        },
    );
    let Some(data) = data else { return };
    if !accumulate {
        data.fill(0.0);
    }
    wide(
        #[inline(always)]
        || {
            for (tap, weights) in packed.chunks_exact(taps).enumerate() {
                for_pixels(geometry, tap, |to, from| {
                    let dy = &gradient[to * out_channels..][..out_channels];
                    let dx = &mut data[from * in_channels..][..in_channels];
                    spread_back(groups, dy, weights, dx);
                });
            }
        },
    );
}

/// `sums[f·G·T + g·T + t] += from[g·F + f] · to[g·T + t]`: the weight gradient of [`spread`].
#[inline(always)]
fn outer_product(groups: usize, from: &[f32], to: &[f32], sums: &mut [f32]) {
    if from.len() == groups && to.len() == groups {
        for ((sum, from), to) in sums.iter_mut().zip(from).zip(to) {
            *sum += from * to;
        }
        return;
    }
    let (all, inner, outer) = (to.len(), from.len() / groups, to.len() / groups);
    for (group, (from, to)) in from.chunks_exact(inner).zip(to.chunks_exact(outer)).enumerate() {
        for (f, x) in from.iter().enumerate() {
            let sums = &mut sums[f * all + group * outer..][..outer];
            for (sum, to) in sums.iter_mut().zip(to) {
                *sum += x * to;
            }
        }
    }
}

/// `from[g·F + f] += Σ_t to[g·T + t] · weights[(g·T + t)·F + f]`: the data gradient of [`spread`].
#[inline(always)]
fn spread_back(groups: usize, to: &[f32], weights: &[f32], from: &mut [f32]) {
    if from.len() == groups && to.len() == groups {
        for ((from, to), weight) in from.iter_mut().zip(to).zip(weights) {
            *from += to * weight;
        }
        return;
    }
    let (inner, outer) = (from.len() / groups, to.len() / groups);
    let filters = to.chunks_exact(outer).zip(weights.chunks_exact(outer * inner));
    for ((to, weights), from) in filters.zip(from.chunks_exact_mut(inner)) {
        for (y, weights) in to.iter().zip(weights.chunks_exact(inner)) {
            for (from, weight) in from.iter_mut().zip(weights) {
                *from += y * weight;
            }
        }
    }
}
