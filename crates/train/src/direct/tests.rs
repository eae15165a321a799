//! Are convolutions what they say, and their gradients adjoint?

use super::*;
use crate::layout::{
    gather_gradient, pack_backward, pack_forward, pack_taps, pack_taps_transposed,
};

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
        dilation: 1,
        groups: 1,
    }
}

/// The same with dilation and groups.
fn grouped(
    (in_height, in_width, in_channels, out_channels): (usize, usize, usize, usize),
    (kernel, stride, padding, dilation, groups): (usize, usize, usize, usize, usize),
) -> Geometry {
    let out = |size: usize| (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    Geometry {
        out_height: out(in_height),
        out_width: out(in_width),
        dilation,
        groups,
        ..geometry(
            (in_height, in_width, in_channels, out_channels),
            (kernel, kernel, stride, padding),
        )
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
        // Depthwise, with a channel multiplier, grouped, pointwise grouped, dilated, and all at once.
        grouped((8, 7, 32, 32), (3, 1, 1, 1, 32)),
        grouped((9, 8, 5, 15), (3, 2, 1, 1, 5)),
        grouped((6, 6, 12, 20), (3, 1, 1, 1, 4)),
        grouped((5, 4, 8, 6), (1, 1, 0, 1, 2)),
        grouped((9, 11, 7, 18), (3, 1, 2, 2, 1)),
        grouped((13, 10, 6, 9), (3, 2, 3, 3, 3)),
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
    let (filters, channels) = (g.out_channels / g.groups, g.filter_channels());
    for (place, sum) in y.iter_mut().enumerate() {
        let (pixel, k) = (place / g.out_channels, place % g.out_channels);
        let (oy, ox) = (pixel / g.out_width, pixel % g.out_width);
        for (r, s) in (0..g.kernel_height).flat_map(|r| (0..g.kernel_width).map(move |s| (r, s))) {
            let (iy, ix) = (oy * g.stride + r * g.dilation, ox * g.stride + s * g.dilation);
            if iy < g.padding || ix < g.padding {
                continue;
            }
            let (iy, ix) = (iy - g.padding, ix - g.padding);
            if iy >= g.in_height || ix >= g.in_width {
                continue;
            }
            for c in 0..channels {
                let weight = w[((k * channels + c) * g.kernel_height + r) * g.kernel_width + s];
                let channel = k / filters * channels + c;
                let value = x[(iy * g.in_width + ix) * g.in_channels + channel];
                *sum += f64::from(weight) * f64::from(value);
            }
        }
    }
    y
}

fn run_forward(g: &Geometry, engine: Engine, x: &[f32], w: &[f32]) -> Vec<f32> {
    let (mut packed, mut y) = (Aligned::default(), vec![9.0; g.output_len()]);
    if !g.is_plain() {
        pack_taps(g, w, &mut packed);
        super::super::grouped::forward(g, x, &packed, &mut y);
        return y;
    }
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
    let mut packed = Aligned::default();
    let weights = Aligned::zeros(g.weights_len());
    let mut scratch = Scratch { weights, ..Scratch::default() };
    let mut dx = vec![1.0; g.input_len()];
    let shape = (g.out_height, g.out_width, g.out_channels);
    if g.is_plain() {
        let phases = g.phases(engine);
        pack_backward(g, engine, &phases, w, &mut packed);
        let backward =
            Backward { geometry: g, engine, phases: &phases, packed: &packed, accumulate: true };
        backward
            .run(x, &mut scratch, Some(&mut dx), |padded, border| pad(dy, shape, border, padded));
    } else {
        pack_taps_transposed(g, w, &mut packed);
        let data = Some(&mut dx[..]);
        super::super::grouped::backward(g, x, &packed, &mut scratch, data, true, |room| {
            room.copy_from_slice(dy);
        });
    }
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
