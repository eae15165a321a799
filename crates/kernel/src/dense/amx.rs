//! [`DenseInt8`](super::DenseInt8) on the tiles of AMX: what sparse kernels have to beat where it
//! exists.
//!
//! 32 pixels × 32 filters a step: `tdpbusd` multiplies a tile of 16 pixels × up to 64 channels
//! with one of those channels × 16 filters.

use super::{
    amx_tiles::{Product, SIDE, product, with_tiles},
    block::FilterBlock,
    channels_last::ChannelsLast,
    int8_tiles::requantise,
};
use crate::Buffer;
use signloop_base::diagnostics::Problem;
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Weights and places of a layer.
#[derive(Debug)]
pub struct Amx {
    /// Group, block of filters, tap, run of channels, half of the block, four channels, filter of
    /// the half, channel of the four.
    weights: Buffer<i8>,
    /// Distance of every tap and run of channels from a pixel's first value.
    steps: Vec<usize>,
    /// Channels of a tile: at most 64, whole fours.
    channels: usize,
    runs: Vec<Run>,
}

/// Pixels at equal distances.
#[derive(Debug)]
struct Run {
    /// First value of the first pixel.
    from: usize,
    /// Number of pixels, those in the borders included.
    count: usize,
    /// Pixels of a row; those beyond the output's width are in the borders.
    width: usize,
    /// First pixel of the output.
    output: usize,
}

impl Amx {
    /// Packs the weights.
    ///
    /// # Errors
    /// The layer is too large to address.
    pub fn new(
        shape: &LayerShape,
        weights: &QuantizedTensor,
    ) -> Result<(ChannelsLast, Self), Problem> {
        // A tile may end behind the last pixel, and its run of channels behind the last channel.
        let layout = ChannelsLast::new(shape, SIDE)?.beyond(SIDE, 64)?;
        let channels = layout.group().min(64);
        let parts = layout.group().div_ceil(channels);
        let taps = layout.taps();
        let tile = channels * 16;
        let length = layout.blocks() * taps.len() * parts * 2 * tile;
        let weights = layout.weights(weights, length, |place, tap, channel| {
            let step = (place / SIDE * taps.len() + tap) * parts + channel / channels;
            let tiles = step * 2 + place % SIDE / 16;
            let quad = channel % channels / 4;
            tiles * tile + (quad * 16 + place % 16) * 4 + channel % 4
        });
        let steps = taps
            .into_iter()
            .flat_map(|tap| (0..parts).map(move |part| tap + part * channels))
            .collect();
        let runs = runs(&layout);
        Ok((layout, Self { weights, steps, channels, runs }))
    }

    /// Computes a block of filters of an image.
    pub fn block(&self, own: &FilterBlock<'_>, output: &mut [u8]) {
        let size = self.steps.len() * self.channels * SIDE;
        let step = own.layout.shape().stride as usize * own.layout.pixel();
        with_tiles(self.channels, |tiles| {
            for run in &self.runs {
                for at in (0..run.count).step_by(SIDE) {
                    let inputs = Product {
                        input: own.input,
                        from: own.first + run.from + at * step,
                        step,
                        steps: &self.steps,
                        weights: &self.weights[own.place * size..(own.place + 1) * size],
                    };
                    let mut sums = [0; SIDE * SIDE];
                    product(tiles, &inputs, &mut sums);
                    run.finish(own, at, &sums, output);
                }
            }
        });
    }
}

impl Run {
    /// Writes the pixels from `at` on that are in the output.
    fn finish(&self, own: &FilterBlock<'_>, at: usize, sums: &[i32], output: &mut [u8]) {
        let width = own.layout.shape().out_width() as usize;
        for (pixel, sums) in (at..self.count).zip(sums.chunks_exact(SIDE)) {
            let (y, x) = (pixel / self.width, pixel % self.width);
            if x < width {
                let pixel = self.output + y * width + x;
                let to = pixel * own.layout.output_pixel() + own.place * SIDE;
                requantise(sums, own.scales, &mut output[to..to + SIDE]);
            }
        }
    }
}

/// With stride 1 the pixels of all rows and the borders between them are at equal distances.
fn runs(layout: &ChannelsLast) -> Vec<Run> {
    let shape = layout.shape();
    let (height, width) = (shape.out_height() as usize, shape.out_width() as usize);
    if shape.stride == 1 {
        let count = (height - 1) * layout.width() + width;
        return vec![Run { from: 0, count, width: layout.width(), output: 0 }];
    }
    (0..height)
        .map(|y| Run {
            from: y * shape.stride as usize * layout.row(),
            count: width,
            width,
            output: y * width,
        })
        .collect()
}

#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use proptest::prelude::*;

    use super::{super::amx_emulator, *};
    use crate::{DenseInt8, Isa};
    use signloop_network::{
        quant::{Randomness, Scheme, synthesise},
        workload::LayerKind,
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// On a processor without AMX the very same code runs, its tile instructions emulated.
        #[test]
        fn equals_the_portable_competitor(
            (groups, channels, filters) in (1_u64..3, 1_u64..150, 1_u64..70),
            (height, width, kernel) in (1_u64..9, 1_u64..40, 1_u64..4),
            (stride, padding, batch) in (1_u64..3, 0_u64..2, 1_u64..3),
            salt in any::<u64>(),
        ) {
            prop_assume!(height + 2 * padding >= kernel && width + 2 * padding >= kernel);
            let shape = LayerShape {
                kind: LayerKind::Conv,
                batch,
                in_channels: channels * groups,
                out_channels: filters * groups,
                in_height: height,
                in_width: width,
                kernel_height: kernel,
                kernel_width: kernel,
                stride,
                padding,
                dilation: 1,
                groups,
            }
            .checked()
            .unwrap();
            let mix = |index: u64| (index ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
            let random = Randomness { density: 0.4, spread: 0.4, seed: salt };
            let weights = synthesise(Scheme::Ternary, shape.weight_shape(), random).unwrap();
            let map: Vec<u8> = (0..shape.input_elements()).map(|at| mix(at + 7) as u8).collect();
            let portable = DenseInt8::new(&shape, &weights, Isa::Scalar).unwrap();
            let mut expected = portable.output();
            portable.run(&portable.pack(&map), &mut expected);
            let amx = DenseInt8::amx_unchecked(&shape, &weights).unwrap();
            let (input, mut output) = (amx.pack(&map), amx.output());
            amx_emulator::with_amx(|| amx.run(&input, &mut output));
            prop_assert_eq!(amx.unpack(&output), portable.unpack(&expected));
        }
    }
}
