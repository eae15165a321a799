//! [`DenseInt8`](super::DenseInt8) by vectors of filters.
//!
//! A tile of [`PIXELS`] pixels × some vectors of filters is held in registers; four channels of a
//! pixel are broadcast and multiplied with those of every filter. AVX-512 uses `vpdpbusd`; AVX2
//! `vpmaddubsw` and `vpmaddwd`, whose 16-bit pair sums are exact for weights in −64..=64 (the
//! codes here are −1, 0 and 1).

use super::{
    block::FilterBlock,
    channels_last::ChannelsLast,
    int8_tiles::{Kind, PIXELS, Tile},
};
use crate::{Buffer, Isa};
use signloop_base::diagnostics::Problem;
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Weights and places of a layer.
#[derive(Debug)]
pub struct Vectors {
    kind: Kind,
    /// Group, block of filters, tap, four channels, filter of the block, channel of the four.
    weights: Buffer<i8>,
    /// Distance of every tap from a pixel's first value.
    taps: Vec<usize>,
    /// First value of every output pixel of an image.
    pixels: Vec<usize>,
}

impl Vectors {
    /// Packs the weights.
    ///
    /// # Errors
    /// The layer is too large to address.
    pub fn new(
        shape: &LayerShape,
        weights: &QuantizedTensor,
        isa: Isa,
    ) -> Result<(ChannelsLast, Self), Problem> {
        let kind = Kind::of(isa);
        let layout = ChannelsLast::new(shape, kind.filters())?;
        let stride = shape.stride as usize;
        let mut pixels = Vec::new();
        for y in 0..shape.out_height() as usize {
            for x in 0..shape.out_width() as usize {
                pixels.push(y * stride * layout.row() + x * stride * layout.pixel());
            }
        }
        let taps = layout.taps();
        let (block, quads) = (kind.filters(), layout.group() / 4);
        let length = layout.blocks() * taps.len() * quads * block * 4;
        let weights = layout.weights(weights, length, |place, tap, channel| {
            let quad = (place / block * taps.len() + tap) * quads + channel / 4;
            (quad * block + place % block) * 4 + channel % 4
        });
        Ok((layout, Self { kind, weights, taps, pixels }))
    }

    /// Computes a block of filters of an image.
    pub fn block(&self, own: &FilterBlock<'_>, output: &mut [u8]) {
        let block = self.kind.filters();
        let width = own.layout.output_pixel();
        let quads = own.layout.group() / 4;
        let size = self.taps.len() * quads * block * 4;
        for (at, pixels) in self.pixels.chunks(PIXELS).enumerate() {
            // A short tile repeats its last pixel.
            let last = pixels.len() - 1;
            let tile = Tile {
                input: own.input,
                pixels: std::array::from_fn(|pixel| own.first + pixels[pixel.min(last)]),
                taps: &self.taps,
                quads,
                weights: &self.weights[own.place * size..(own.place + 1) * size],
                scales: own.scales,
            };
            let mut values = [0; PIXELS * 64];
            self.kind.run(&tile, &mut values);
            for pixel in 0..pixels.len() {
                let to = (at * PIXELS + pixel) * width + own.place * block;
                output[to..to + block].copy_from_slice(&values[pixel * block..(pixel + 1) * block]);
            }
        }
    }
}
