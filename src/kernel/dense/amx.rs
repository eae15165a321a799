//! 8-bit dense convolution on the tiles of AMX: what sparse kernels have to beat where it exists.
//!
//! As [`DenseInt8`](super::DenseInt8), with 32 pixels × 32 filters a step: `tdpbusd` multiplies a
//! tile of 16 pixels × up to 64 channels with one of those channels × 16 filters.

use super::{
    amx_tiles::{Product, SIDE, available, product, with_tiles},
    channels_last::ChannelsLast,
};
use crate::{diagnostics::Problem, kernel::Buffer, quant::QuantizedTensor, workload::LayerShape};

/// A layer with its weights packed for AMX.
#[derive(Debug)]
pub struct DenseAmx {
    layout: ChannelsLast,
    /// Group, block of filters, tap, run of channels, half of the block, four channels, filter of
    /// the half, channel of the four.
    weights: Buffer<i8>,
    scales: Vec<f32>,
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

impl DenseAmx {
    /// Whether the processor has AMX with 8-bit integers and the system grants it.
    #[must_use]
    pub fn available() -> bool {
        available()
    }

    /// Packs the weights.
    ///
    /// # Errors
    /// The processor or the system has no AMX, or the layer is too large to address.
    pub fn new(shape: &LayerShape, weights: &QuantizedTensor) -> Result<Self, Problem> {
        if !available() {
            return Err(Problem::new("`dense-amx` needs AMX with 8-bit integers")
                .hint("Sapphire Rapids and later have it, under Linux 5.16 or later"));
        }
        Self::packed(shape, weights)
    }

    /// [`new`](Self::new) wherever the code can be built; only [`run`](Self::run) needs AMX.
    fn packed(shape: &LayerShape, weights: &QuantizedTensor) -> Result<Self, Problem> {
        let pixel = (shape.in_channels / shape.groups).next_multiple_of(4) * shape.groups;
        // A tile may end behind the last pixel, and its run of channels behind the last channel.
        let slack = pixel
            .checked_mul(shape.stride)
            .and_then(|step| usize::try_from(step).ok()?.checked_mul(SIDE)?.checked_add(64))
            .ok_or_else(|| Problem::new("the layer is too large for the dense competitor"))?;
        let layout = ChannelsLast::new(shape, SIDE, slack)?;
        let channels = layout.group().min(64);
        let parts = layout.group().div_ceil(channels);
        let steps = layout
            .taps()
            .into_iter()
            .flat_map(|tap| (0..parts).map(move |part| tap + part * channels))
            .collect();
        let runs = runs(&layout);
        let scales = layout.scales(weights.scales());
        let weights = packed(&layout, channels, weights);
        Ok(Self { layout, weights, scales, steps, channels, runs })
    }

    /// Copies an image × channel × row × column map into a new buffer.
    ///
    /// # Panics
    /// The map has the wrong length.
    #[must_use]
    pub fn pack(&self, map: &[u8]) -> Buffer<u8> {
        self.layout.pack(map)
    }

    /// A buffer for outputs.
    #[must_use]
    pub fn output(&self) -> Buffer<u8> {
        self.layout.output()
    }

    /// Outputs as an image × filter × row × column map.
    #[must_use]
    pub fn unpack(&self, output: &[u8]) -> Vec<u8> {
        self.layout.unpack(output)
    }

    /// Convolves, scales, rounds half to even and clamps to 0..=255, on one thread.
    ///
    /// # Panics
    /// A buffer is not that of [`pack`](Self::pack) or [`output`](Self::output).
    pub fn run(&self, input: &[u8], output: &mut [u8]) {
        let layout = &self.layout;
        layout.check(input, output);
        let size = self.steps.len() * self.channels * SIDE;
        let blocks = layout.group_filters().div_ceil(SIDE);
        let pixels = layout.output_pixels() * layout.output_pixel();
        let step = layout.shape().stride as usize * layout.pixel();
        with_tiles(self.channels, |tiles| {
            for (image, output) in output.chunks_exact_mut(pixels).enumerate() {
                for place in 0..layout.blocks() {
                    let first = image * layout.image() + place / blocks * layout.group();
                    for run in &self.runs {
                        for at in (0..run.count).step_by(SIDE) {
                            let mut sums = [0; SIDE * SIDE];
                            product(
                                tiles,
                                &Product {
                                    input,
                                    from: first + run.from + at * step,
                                    step,
                                    steps: &self.steps,
                                    weights: &self.weights[place * size..(place + 1) * size],
                                },
                                &mut sums,
                            );
                            self.finish(run, at, place, &sums, output);
                        }
                    }
                }
            }
        });
    }

    fn finish(&self, run: &Run, at: usize, place: usize, sums: &[i32], output: &mut [u8]) {
        let width = self.layout.shape().out_width() as usize;
        let scales = &self.scales[place * SIDE..(place + 1) * SIDE];
        for (pixel, sums) in (at..run.count).zip(sums.chunks_exact(SIDE)) {
            let (y, x) = (pixel / run.width, pixel % run.width);
            if x < width {
                let to = (run.output + y * width + x) * self.layout.output_pixel() + place * SIDE;
                let own = &mut output[to..to + SIDE];
                for ((value, sum), scale) in own.iter_mut().zip(sums).zip(scales) {
                    *value = (*sum as f32 * scale).max(0.0).round_ties_even().min(255.0) as u8;
                }
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

fn packed(layout: &ChannelsLast, channels: usize, weights: &QuantizedTensor) -> Buffer<i8> {
    let taps = weights.filter(0).len() / layout.channels();
    let parts = layout.group().div_ceil(channels);
    let tile = channels * 16;
    let mut packed = Buffer::new(layout.blocks() * taps * parts * 2 * tile);
    for index in 0..layout.shape().out_channels as usize {
        let place = layout.place(index);
        for (at, code) in weights.filter(index).iter().enumerate() {
            let (channel, tap) = (at / taps, at % taps);
            let step = (place / SIDE * taps + tap) * parts + channel / channels;
            let tiles = step * 2 + place % SIDE / 16;
            let quad = channel % channels / 4;
            packed[tiles * tile + (quad * 16 + place % 16) * 4 + channel % 4] = *code;
        }
    }
    packed
}

#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use proptest::prelude::*;

    use super::{super::amx_emulator, *};
    use crate::{
        kernel::{DenseInt8, Isa},
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
            let amx = DenseAmx::packed(&shape, &weights).unwrap();
            let (input, mut output) = (amx.pack(&map), amx.output());
            amx_emulator::with_amx(|| amx.run(&input, &mut output));
            prop_assert_eq!(amx.unpack(&output), portable.unpack(&expected));
        }
    }
}
