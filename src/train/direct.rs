//! Convolution of one image, forward and backward, as products over padded maps.

use super::{
    aligned::Aligned,
    conv::{Engine, Product},
    geometry::{Border, Geometry, Phase, padded_len},
    layout::pad,
};

/// What the passes over one image need besides its maps; reused from image to image.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    input: Aligned,
    gradient: Aligned,
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
mod tests {
    use super::*;
    use crate::train::layout::{gather_gradient, pack_backward, pack_forward};

    fn geometry(
        (in_height, in_width, in_channels, out_channels): (usize, usize, usize, usize),
        (kernel_height, kernel_width, stride, padding): (usize, usize, usize, usize),
    ) -> Geometry {
        Geometry {
            in_height,
            in_width,
            in_channels,
            out_height: (in_height + 2 * padding - kernel_height) / stride + 1,
            out_width: (in_width + 2 * padding - kernel_width) / stride + 1,
            out_channels,
            kernel_height,
            kernel_width,
            stride,
            padding,
        }
    }

    /// Odd sizes, every stride phase, kernels smaller than the stride, rows never read, channels
    /// that fill no vector, and the layers of ResNet-20.
    fn geometries() -> Vec<Geometry> {
        vec![
            geometry((8, 8, 16, 16), (3, 3, 1, 1)),
            geometry((9, 7, 3, 5), (3, 3, 2, 1)),
            geometry((6, 11, 2, 33), (5, 3, 1, 2)),
            geometry((8, 8, 16, 32), (1, 1, 2, 0)),
            geometry((5, 6, 7, 3), (2, 2, 2, 0)),
            geometry((13, 10, 1, 17), (4, 2, 3, 1)),
            geometry((1, 1, 50, 10), (1, 1, 1, 0)),
            geometry((4, 4, 40, 48), (3, 3, 1, 0)),
            geometry((16, 16, 32, 64), (3, 3, 2, 1)),
        ]
    }

    fn noise(len: usize, seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (0..len)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// The definition, in f64.
    fn reference(g: &Geometry, x: &[f32], w: &[f32]) -> Vec<f64> {
        let mut y = vec![0.0; g.output_len()];
        for (place, sum) in y.iter_mut().enumerate() {
            let (pixel, k) = (place / g.out_channels, place % g.out_channels);
            let (oy, ox) = (pixel / g.out_width, pixel % g.out_width);
            for r in 0..g.kernel_height {
                for s in 0..g.kernel_width {
                    let (iy, ix) = (oy * g.stride + r, ox * g.stride + s);
                    if iy < g.padding || ix < g.padding {
                        continue;
                    }
                    let (iy, ix) = (iy - g.padding, ix - g.padding);
                    if iy >= g.in_height || ix >= g.in_width {
                        continue;
                    }
                    for c in 0..g.in_channels {
                        let weight =
                            w[((k * g.in_channels + c) * g.kernel_height + r) * g.kernel_width + s];
                        let value = x[(iy * g.in_width + ix) * g.in_channels + c];
                        *sum += f64::from(weight) * f64::from(value);
                    }
                }
            }
        }
        y
    }

    fn run_forward(g: &Geometry, engine: Engine, x: &[f32], w: &[f32]) -> Vec<f32> {
        let (mut packed, mut y) = (Aligned::default(), vec![9.0; g.output_len()]);
        pack_forward(g, engine, w, &mut packed);
        forward(g, engine, x, &packed, &mut Scratch::default(), &mut y);
        y
    }

    /// (dx, dw) for an output gradient; dx is added to 1 so that accumulation is seen.
    fn run_backward(
        g: &Geometry,
        engine: Engine,
        x: &[f32],
        w: &[f32],
        dy: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let phases = g.phases(engine);
        let mut packed = Aligned::default();
        pack_backward(g, engine, &phases, w, &mut packed);
        let weights = Aligned::zeros(g.weights_len());
        let mut scratch = Scratch { weights, ..Scratch::default() };
        let mut dx = vec![1.0; g.input_len()];
        let shape = (g.out_height, g.out_width, g.out_channels);
        let backward =
            Backward { geometry: g, engine, phases: &phases, packed: &packed, accumulate: true };
        backward
            .run(x, &mut scratch, Some(&mut dx), |padded, border| pad(dy, shape, border, padded));
        let mut dw = vec![0.0; g.weights_len()];
        gather_gradient(g, &scratch.weights, &mut dw);
        (dx.iter().map(|value| value - 1.0).collect(), dw)
    }

    #[test]
    fn forward_is_the_definition() {
        for g in geometries() {
            let (x, w) = (noise(g.input_len(), 1), noise(g.weights_len(), 2));
            let expected = reference(&g, &x, &w);
            let terms = (g.kernel_height * g.kernel_width * g.in_channels) as f64;
            for engine in Engine::available() {
                for (found, expected) in run_forward(&g, engine, &x, &w).iter().zip(&expected) {
                    // n additions of terms below 1 err by less than n·ε·n/2; 4 ulp of n here.
                    let bound = 4.0 * terms * f64::from(f32::EPSILON);
                    assert!((f64::from(*found) - expected).abs() <= bound, "{engine:?} {g:?}");
                }
            }
        }
    }

    /// ⟨dy, w∗x⟩ = ⟨dx, x⟩ = ⟨dw, w⟩: the passes are adjoint, which fixes every entry of dx and
    /// dw, since x, w and dy are arbitrary and the forward pass is the definition.
    #[test]
    fn gradients_are_adjoint() {
        for g in geometries() {
            let (x, w) = (noise(g.input_len(), 3), noise(g.weights_len(), 4));
            let dy = noise(g.output_len(), 5);
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            for engine in Engine::available() {
                let (dx, dw) = run_backward(&g, engine, &x, &w, &dy);
                // Other x and w than those the gradients were taken at, where they are linear.
                let (other_x, other_w) = (noise(x.len(), 6), noise(w.len(), 7));
                let through_x = dot(&dy, &run_forward(&g, engine, &other_x, &w));
                let through_w = dot(&dy, &run_forward(&g, engine, &x, &other_w));
                let scale = (g.output_len() as f64).sqrt() * 20.0;
                assert!((dot(&dx, &other_x) - through_x).abs() < 1e-5 * scale, "{engine:?} {g:?}");
                assert!((dot(&dw, &other_w) - through_w).abs() < 1e-5 * scale, "{engine:?} {g:?}");
            }
        }
    }

    /// The order of the sums is the same, so AVX-512 and AVX2 agree to the bit (0 ulp); `gemm`
    /// sums in another order and agrees within 2·n·ε for n terms of magnitude below 1.
    #[test]
    fn engines_agree() {
        for g in geometries() {
            let (x, w) = (noise(g.input_len(), 8), noise(g.weights_len(), 9));
            let dy = noise(g.output_len(), 10);
            let run = |engine| {
                let (dx, dw) = run_backward(&g, engine, &x, &w, &dy);
                [run_forward(&g, engine, &x, &w), dx, dw]
            };
            let engines = Engine::available();
            let results: Vec<_> = engines.iter().map(|engine| run(*engine)).collect();
            let taps = g.kernel_height * g.kernel_width;
            let terms = (taps * g.in_channels.max(g.out_channels)).max(g.out_height * g.out_width);
            for (engine, result) in engines.iter().zip(&results) {
                if *engine != Engine::Portable && engines.contains(&Engine::Avx2) {
                    assert!(*result == results[0], "{engine:?} {g:?}");
                }
                let bound = 2.0 * terms as f32 * f32::EPSILON;
                for (found, first) in result.iter().flatten().zip(results[0].iter().flatten()) {
                    assert!((found - first).abs() <= bound, "{engine:?} {g:?}");
                }
            }
        }
    }
}
