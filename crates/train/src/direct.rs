//! Convolution of one image, forward and backward, as products over padded maps.

use super::{
    aligned::Aligned,
    conv::Product,
    engine::Engine,
    geometry::{Border, Geometry, Phase, padded_len},
    layout::pad,
};

/// What the passes over one image need besides its maps; reused from image to image.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    input: Aligned,
    pub gradient: Aligned,
    /// R×S×C×K sums of the weight gradient.
    pub weights: Aligned,
}

/// The padded map of a convolution's input; the map itself where nothing is padded.
fn padded_input<'a>(geometry: &Geometry, input: &'a [f32], room: &'a mut Aligned) -> &'a [f32] {
    if geometry.padding == 0 {
        return input;
    }
    let Geometry { in_height, in_width, in_channels, .. } = *geometry;
    let border = geometry.input_border();
    room.resize(padded_len(in_height, in_width, in_channels, border));
    pad(input, (in_height, in_width, in_channels), border, room);
    room
}

/// y = w ∗ x of one image. `packed` comes from `pack_forward`.
pub(super) fn forward(
    geometry: &Geometry,
    engine: Engine,
    input: &[f32],
    packed: &[f32],
    scratch: &mut Scratch,
    output: &mut [f32],
) {
    let Geometry { in_channels, out_channels, out_width, stride, .. } = *geometry;
    let (inner, outer) = (geometry.kernel_width * in_channels, geometry.kernel_height);
    let input = padded_input(geometry, input, &mut scratch.input);
    let pitch = (geometry.in_width + 2 * geometry.padding) * in_channels;
    let block = engine.block(out_channels);
    for (index, weights) in packed.chunks_exact(outer * inner * block).enumerate() {
        let k = index * block;
        for (y, row) in output.chunks_exact_mut(out_width * out_channels).enumerate() {
            let product = Product {
                a: &input[y * stride * pitch..],
                a_row: stride * in_channels,
                a_inner: 1,
                a_outer: pitch,
                b: weights,
                b_inner: block,
                b_outer: inner * block,
                c: &mut row[k..],
                c_row: out_channels,
                rows: out_width,
                columns: block.min(out_channels - k),
                inner,
                outer,
                accumulate: false,
            };
            product.run(engine);
        }
    }
}

/// Both gradients of one image.
#[derive(Debug)]
pub(super) struct Backward<'a> {
    pub geometry: &'a Geometry,
    pub engine: Engine,
    /// From [`Geometry::phases`].
    pub phases: &'a [Phase],
    /// From `pack_backward`.
    pub packed: &'a [f32],
    /// Whether the data gradient adds to what is there.
    pub accumulate: bool,
}

impl Backward<'_> {
    /// Adds the weight gradient of an image to `scratch.weights`, and writes (or adds) its data
    /// gradient if one is wanted. `fill` writes the padded output gradient.
    pub(super) fn run(
        &self,
        input: &[f32],
        scratch: &mut Scratch,
        data: Option<&mut [f32]>,
        fill: impl FnOnce(&mut [f32], Border),
    ) {
        let geometry = self.geometry;
        let border = geometry.output_border();
        let Geometry { out_height, out_width, out_channels, .. } = *geometry;
        let len = padded_len(out_height, out_width, out_channels, border);
        scratch.gradient.resize(len + Engine::SLACK);
        fill(&mut scratch.gradient[..len], border);
        self.weight_gradient(input, border, scratch);
        if let Some(data) = data {
            self.data_gradient(&scratch.gradient, border, data);
        }
    }

    fn weight_gradient(&self, input: &[f32], border: Border, scratch: &mut Scratch) {
        let (geometry, engine) = (self.geometry, self.engine);
        let Geometry { in_channels, out_channels, out_height, out_width, stride, .. } = *geometry;
        let Scratch { input: room, gradient, weights } = scratch;
        let input = padded_input(geometry, input, room);
        let pitch = (geometry.in_width + 2 * geometry.padding) * in_channels;
        let gradient_pitch = (out_width + border.left + border.right) * out_channels;
        let first = border.top * gradient_pitch + border.left * out_channels;
        let rows = geometry.kernel_width * in_channels;
        let block = engine.block(out_channels);
        for (r, sums) in weights.chunks_exact_mut(rows * out_channels).enumerate() {
            for k in (0..out_channels).step_by(block) {
                let product = Product {
                    a: &input[r * pitch..],
                    a_row: 1,
                    a_inner: stride * in_channels,
                    a_outer: stride * pitch,
                    b: &gradient[first + k..],
                    b_inner: out_channels,
                    b_outer: gradient_pitch,
                    c: &mut sums[k..],
                    c_row: out_channels,
                    rows,
                    columns: block.min(out_channels - k),
                    inner: out_width,
                    outer: out_height,
                    accumulate: true,
                };
                product.run(engine);
            }
        }
    }

    fn data_gradient(&self, gradient: &[f32], border: Border, data: &mut [f32]) {
        let (geometry, engine) = (self.geometry, self.engine);
        let Geometry { in_width, in_channels, out_channels, stride, .. } = *geometry;
        let pitch = (geometry.out_width + border.left + border.right) * out_channels;
        let block = engine.block(in_channels);
        for phase in self.phases {
            let (rows, columns) = phase.pixels;
            let (outer, inner) = (phase.taps.0, phase.taps.1 * out_channels);
            for (index, c) in (0..in_channels).step_by(block).enumerate() {
                let weights = &self.packed[phase.weights + index * outer * inner * block..];
                for row in 0..rows {
                    let y = phase.first.0 + row * stride;
                    let target = (y * in_width + phase.first.1) * in_channels + c;
                    let source = (phase.origin.0 + row) * pitch + phase.origin.1 * out_channels;
                    let product = Product {
                        a: gradient.get(source..).unwrap_or_default(),
                        a_row: out_channels,
                        a_inner: 1,
                        a_outer: pitch,
                        b: weights,
                        b_inner: block,
                        b_outer: inner * block,
                        c: data.get_mut(target..).unwrap_or_default(),
                        c_row: stride * in_channels,
                        rows: columns,
                        columns: block.min(in_channels - c),
                        inner,
                        outer,
                        accumulate: self.accumulate,
                    };
                    product.run(engine);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
