//! Element-wise passes over NHWC maps, one group of channels at a time.
//!
//! A group of W channels (16 where they divide) has its coefficients and sums in registers
//! while the pixels of one image go by. Sums run in pixel order, so they do not depend on the
//! width of the vectors that the compiler chooses.

use std::sync::OnceLock;

/// Runs a closure compiled for the widest vectors of this processor.
#[inline(always)]
pub(super) fn wide<R>(work: impl FnOnce() -> R) -> R {
    static ARCH: OnceLock<pulp::Arch> = OnceLock::new();
    ARCH.get_or_init(pulp::Arch::new).dispatch(work)
}

/// Calls a function generic over the group width with the widest that divides the channels.
macro_rules! by_width {
    ($channels:expr, $function:ident ( $($argument:expr),* $(,)? )) => {{
        let channels: usize = $channels;
        wide(
            #[inline(always)]
            || {
                if channels % 16 == 0 {
                    $function::<16>($($argument),*)
                } else if channels % 8 == 0 {
                    $function::<8>($($argument),*)
                } else if channels % 4 == 0 {
                    $function::<4>($($argument),*)
                } else if channels % 2 == 0 {
                    $function::<2>($($argument),*)
                } else {
                    $function::<1>($($argument),*)
                }
            },
        )
    }};
}

#[inline(always)]
fn group<const W: usize>(values: &[f32], first: usize) -> &[f32; W] {
    values[first..].first_chunk().expect("groups divide the channels")
}

#[inline(always)]
fn group_mut<const W: usize>(values: &mut [f32], first: usize) -> &mut [f32; W] {
    values[first..].first_chunk_mut().expect("groups divide the channels")
}

/// Per channel: y ↦ scale·y + shift.
#[derive(Debug, Clone, Copy)]
pub(super) struct Affine<'a> {
    pub scale: &'a [f32],
    pub shift: &'a [f32],
}

/// Adds Σ(x − centre) and Σ(x − centre)² of a map to `sums` (2·C values). A centre near the
/// mean keeps the variance from cancelling.
pub(super) fn moments(map: &[f32], centre: &[f32], sums: &mut [f64]) {
    #[inline(always)]
    fn run<const W: usize>(map: &[f32], centre: &[f32], sums: &mut [f64]) {
        let channels = centre.len();
        for first in (0..channels).step_by(W) {
            let centre: [f32; W] = *group(centre, first);
            let (mut linear, mut square) = ([0.0_f32; W], [0.0_f32; W]);
            for pixel in map.chunks_exact(channels) {
                let x: &[f32; W] = group(pixel, first);
                for i in 0..W {
                    let distance = x[i] - centre[i];
                    linear[i] += distance;
                    square[i] += distance * distance;
                }
            }
            for i in 0..W {
                sums[first + i] += f64::from(linear[i]);
                sums[channels + first + i] += f64::from(square[i]);
            }
        }
    }
    by_width!(centre.len(), run(map, centre, sums));
}

/// out = max(scale·y + shift + shortcut, 0), without the maximum if `rectify` is false.
pub(super) fn normalise(
    map: &[f32],
    affine: Affine<'_>,
    shortcut: Option<&[f32]>,
    rectify: bool,
    out: &mut [f32],
) {
    #[inline(always)]
    fn run<const W: usize>(
        map: &[f32],
        affine: Affine<'_>,
        shortcut: Option<&[f32]>,
        floor: f32,
        out: &mut [f32],
    ) {
        let channels = affine.scale.len();
        for first in (0..channels).step_by(W) {
            let scale: [f32; W] = *group(affine.scale, first);
            let shift: [f32; W] = *group(affine.shift, first);
            let pixels = map.chunks_exact(channels).zip(out.chunks_exact_mut(channels));
            if let Some(shortcut) = shortcut {
                for ((x, out), other) in pixels.zip(shortcut.chunks_exact(channels)) {
                    let (x, other): (&[f32; W], &[f32; W]) = (group(x, first), group(other, first));
                    let out: &mut [f32; W] = group_mut(out, first);
                    for i in 0..W {
                        let sum = x[i] * scale[i] + shift[i] + other[i];
                        out[i] = if sum < floor { floor } else { sum };
                    }
                }
            } else {
                for (x, out) in pixels {
                    let x: &[f32; W] = group(x, first);
                    let out: &mut [f32; W] = group_mut(out, first);
                    for i in 0..W {
                        let sum = x[i] * scale[i] + shift[i];
                        out[i] = if sum < floor { floor } else { sum };
                    }
                }
            }
        }
    }
    // Written so that NaN stays NaN: the loss must show it.
    let floor = if rectify { 0.0 } else { f32::NEG_INFINITY };
    by_width!(affine.scale.len(), run(map, affine, shortcut, floor, out));
}

/// x = max(x, 0).
pub(super) fn rectify(map: &mut [f32]) {
    wide(
        #[inline(always)]
        || {
            for x in map {
                *x = if *x < 0.0 { 0.0 } else { *x };
            }
        },
    );
}

/// out = max(x, 0) + slope·min(x, 0) per channel (PReLU, He et al. 2015).
pub(super) fn prelu(map: &[f32], slopes: &[f32], out: &mut [f32]) {
    #[inline(always)]
    fn run<const W: usize>(map: &[f32], slopes: &[f32], out: &mut [f32]) {
        let channels = slopes.len();
        for first in (0..channels).step_by(W) {
            let slope: [f32; W] = *group(slopes, first);
            for (x, out) in map.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
                let (x, out): (&[f32; W], &mut [f32; W]) = (group(x, first), group_mut(out, first));
                for i in 0..W {
                    out[i] = x[i].max(0.0) + slope[i] * x[i].min(0.0);
                }
            }
        }
    }
    by_width!(slopes.len(), run(map, slopes, out));
}

/// Turns the gradient behind a PReLU into the one before it; adds Σ gradient·min(x, 0) to `sums`.
pub(super) fn prelu_backward(map: &[f32], slopes: &[f32], gradient: &mut [f32], sums: &mut [f64]) {
    #[inline(always)]
    fn run<const W: usize>(map: &[f32], slopes: &[f32], gradient: &mut [f32], sums: &mut [f64]) {
        let channels = slopes.len();
        for first in (0..channels).step_by(W) {
            let slope: [f32; W] = *group(slopes, first);
            let mut sum = [0.0_f32; W];
            for (x, g) in map.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels)) {
                let (x, g): (&[f32; W], &mut [f32; W]) = (group(x, first), group_mut(g, first));
                for i in 0..W {
                    sum[i] += g[i] * x[i].min(0.0);
                    g[i] *= if x[i] > 0.0 { 1.0 } else { slope[i] };
                }
            }
            for i in 0..W {
                sums[first + i] += f64::from(sum[i]);
            }
        }
    }
    by_width!(slopes.len(), run(map, slopes, gradient, sums));
}

/// Adds Σ g and Σ g·(y − centre) to `sums` (2·C values), after setting g to zero wherever the
/// rectified output `out`, if given, is zero.
pub(super) fn gradient_sums(
    map: &[f32],
    centre: &[f32],
    out: Option<&[f32]>,
    gradient: &mut [f32],
    sums: &mut [f64],
) {
    #[inline(always)]
    fn run<const W: usize>(
        map: &[f32],
        centre: &[f32],
        out: Option<&[f32]>,
        gradient: &mut [f32],
        sums: &mut [f64],
    ) {
        let channels = centre.len();
        for first in (0..channels).step_by(W) {
            let centre: [f32; W] = *group(centre, first);
            let (mut plain, mut weighted) = ([0.0_f32; W], [0.0_f32; W]);
            let pixels = map.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels));
            if let Some(out) = out {
                for ((x, g), out) in pixels.zip(out.chunks_exact(channels)) {
                    let (x, out): (&[f32; W], &[f32; W]) = (group(x, first), group(out, first));
                    let g: &mut [f32; W] = group_mut(g, first);
                    for i in 0..W {
                        let kept = if out[i] > 0.0 { g[i] } else { 0.0 };
                        g[i] = kept;
                        plain[i] += kept;
                        weighted[i] += kept * (x[i] - centre[i]);
                    }
                }
            } else {
                for (x, g) in pixels {
                    let (x, g): (&[f32; W], &mut [f32; W]) = (group(x, first), group_mut(g, first));
                    for i in 0..W {
                        plain[i] += g[i];
                        weighted[i] += g[i] * (x[i] - centre[i]);
                    }
                }
            }
            for i in 0..W {
                sums[first + i] += f64::from(plain[i]);
                sums[channels + first + i] += f64::from(weighted[i]);
            }
        }
    }
    by_width!(centre.len(), run(map, centre, out, gradient, sums));
}

/// The gradient before a normalisation, written row by row: `a·g + b·y + c` per channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normalised<'a> {
    pub a: &'a [f32],
    pub b: &'a [f32],
    pub c: &'a [f32],
}

/// out = a·g + b·y + c per channel.
pub(super) fn denormalise(g: &[f32], y: &[f32], coefficients: Normalised<'_>, out: &mut [f32]) {
    #[inline(always)]
    fn run<const W: usize>(g: &[f32], y: &[f32], of: Normalised<'_>, out: &mut [f32]) {
        let channels = of.a.len();
        for first in (0..channels).step_by(W) {
            let (a, b): ([f32; W], [f32; W]) = (*group(of.a, first), *group(of.b, first));
            let c: [f32; W] = *group(of.c, first);
            let pixels = g.chunks_exact(channels).zip(y.chunks_exact(channels));
            for ((g, y), out) in pixels.zip(out.chunks_exact_mut(channels)) {
                let (g, y): (&[f32; W], &[f32; W]) = (group(g, first), group(y, first));
                let out: &mut [f32; W] = group_mut(out, first);
                for i in 0..W {
                    out[i] = a[i] * g[i] + b[i] * y[i] + c[i];
                }
            }
        }
    }
    by_width!(coefficients.a.len(), run(g, y, coefficients, out));
}

/// out += x.
pub(super) fn add(x: &[f32], out: &mut [f32]) {
    wide(
        #[inline(always)]
        || {
            for (out, x) in out.iter_mut().zip(x) {
                *out += x;
            }
        },
    );
}
