//! 8-bit dense convolution: u8 activations, signed 8-bit weights, 32-bit sums, u8 outputs.
//!
//! Activations lie channels last with zero borders, so that a tap of a pixel is one run of
//! channels and no patches are unfolded. A tile of [`PIXELS`] pixels × some vectors of filters is
//! held in registers; four channels of a pixel are broadcast and multiplied with those of every
//! filter. AVX-512 uses `vpdpbusd`; AVX2 `vpmaddubsw` and `vpmaddwd`, whose 16-bit pair sums are
//! exact for weights in −64..=64 (the codes here are −1, 0 and 1).

use super::{
    channels_last::ChannelsLast,
    int8_tiles::{Kind, PIXELS, Tile},
};
use crate::{
    diagnostics::Problem,
    kernel::{Buffer, Isa},
    quant::QuantizedTensor,
    workload::LayerShape,
};

/// A layer with its weights packed for one instruction set.
#[derive(Debug)]
pub struct DenseInt8 {
    layout: ChannelsLast,
    kind: Kind,
    /// Group, block of filters, tap, four channels, filter of the block, channel of the four.
    weights: Buffer<i8>,
    /// One a filter, groups padded to whole blocks.
    scales: Vec<f32>,
    /// Distance of every tap from a pixel's first value.
    taps: Vec<usize>,
    /// First value of every output pixel of an image.
    pixels: Vec<usize>,
}

impl DenseInt8 {
    /// Packs the weights.
    ///
    /// # Errors
    /// The layer is too large to address.
    pub fn new(shape: &LayerShape, weights: &QuantizedTensor, isa: Isa) -> Result<Self, Problem> {
        let kind = Kind::of(isa);
        let layout = ChannelsLast::new(shape, kind.filters(), 0)?;
        let (row, pixel) = (layout.row(), layout.pixel());
        let mut pixels = Vec::new();
        for y in 0..(shape.out_height() * shape.stride) as usize {
            let live = y.is_multiple_of(shape.stride as usize);
            for x in (0..shape.out_width() as usize).filter(|_| live) {
                pixels.push(y * row + x * shape.stride as usize * pixel);
            }
        }
        let taps = layout.taps();
        let scales = layout.scales(weights.scales());
        let weights = packed(&layout, kind.filters(), weights);
        Ok(Self { layout, kind, weights, scales, taps, pixels })
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
        let block = self.kind.filters();
        let quads = layout.group() / 4;
        let size = self.taps.len() * quads * block * 4;
        let width = layout.output_pixel();
        let blocks = layout.group_filters().div_ceil(block);
        for (image, output) in output.chunks_exact_mut(self.pixels.len() * width).enumerate() {
            for place in 0..layout.blocks() {
                let first = image * layout.image() + place / blocks * layout.group();
                for (at, pixels) in self.pixels.chunks(PIXELS).enumerate() {
                    // A short tile repeats its last pixel.
                    let last = pixels.len() - 1;
                    let tile = Tile {
                        input,
                        pixels: std::array::from_fn(|pixel| first + pixels[pixel.min(last)]),
                        taps: &self.taps,
                        quads,
                        weights: &self.weights[place * size..(place + 1) * size],
                        scales: &self.scales[place * block..(place + 1) * block],
                    };
                    let mut values = [0; PIXELS * 64];
                    self.kind.run(&tile, &mut values);
                    for pixel in 0..pixels.len() {
                        let to = (at * PIXELS + pixel) * width + place * block;
                        output[to..to + block]
                            .copy_from_slice(&values[pixel * block..(pixel + 1) * block]);
                    }
                }
            }
        }
    }
}

fn packed(layout: &ChannelsLast, block: usize, weights: &QuantizedTensor) -> Buffer<i8> {
    let taps = weights.filter(0).len() / layout.channels();
    let quads = layout.group() / 4;
    let mut packed = Buffer::new(layout.blocks() * taps * quads * block * 4);
    for index in 0..layout.shape().out_channels as usize {
        let place = layout.place(index);
        for (at, code) in weights.filter(index).iter().enumerate() {
            let (channel, tap) = (at / taps, at % taps);
            let quad = (place / block * taps + tap) * quads + channel / 4;
            packed[(quad * block + place % block) * 4 + channel % 4] = *code;
        }
    }
    packed
}
