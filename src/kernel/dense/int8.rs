//! 8-bit dense convolution: u8 activations, signed 8-bit weights, 32-bit sums, u8 outputs.
//!
//! Activations lie channels last with zero borders, so that a tap of a pixel is one run of
//! channels and no patches are unfolded. A tile of [`PIXELS`] pixels × some vectors of filters is
//! held in registers; four channels of a pixel are broadcast and multiplied with those of every
//! filter. AVX-512 uses `vpdpbusd`; AVX2 `vpmaddubsw` and `vpmaddwd`, whose 16-bit pair sums are
//! exact for weights in −64..=64 (the codes here are −1, 0 and 1).

use super::int8_tiles::{Kind, PIXELS, Tile};
use crate::{
    diagnostics::Problem,
    kernel::{Buffer, Isa},
    quant::QuantizedTensor,
    workload::LayerShape,
};

/// A layer with its weights packed for one instruction set.
#[derive(Debug)]
pub struct DenseInt8 {
    shape: LayerShape,
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
        let mut own = Self {
            shape: *shape,
            kind,
            weights: Buffer::new(0),
            scales: Vec::new(),
            taps: Vec::new(),
            pixels: Vec::new(),
        };
        let values = [own.input_len(), own.output_len()];
        if values.iter().any(|values| values.is_none_or(|values| values > 1 << 31)) {
            return Err(Problem::new("the layer is too large for the dense competitor"));
        }
        let (row, pixel) = (own.row(), own.pixel());
        for r in 0..shape.kernel_height as usize {
            for s in 0..shape.kernel_width as usize {
                own.taps
                    .push(r * shape.dilation as usize * row + s * shape.dilation as usize * pixel);
            }
        }
        for y in 0..(shape.out_height() * shape.stride) as usize {
            let live = y.is_multiple_of(shape.stride as usize);
            for x in (0..shape.out_width() as usize).filter(|_| live) {
                own.pixels.push(y * row + x * shape.stride as usize * pixel);
            }
        }
        own.pack_weights(weights);
        Ok(own)
    }

    fn pack_weights(&mut self, weights: &QuantizedTensor) {
        let shape = &self.shape;
        let (filters, channels) = (self.group_filters(), self.channels());
        let block = self.kind.filters();
        let blocks = filters.div_ceil(block);
        let taps = self.taps.len();
        let quads = channels.div_ceil(4);
        let mut packed = Buffer::new(shape.groups as usize * blocks * taps * quads * block * 4);
        self.scales = vec![0.0; shape.groups as usize * blocks * block];
        for group in 0..shape.groups as usize {
            for filter in 0..filters {
                let index = group * filters + filter;
                let place = group * blocks + filter / block;
                self.scales[place * block + filter % block] = weights.scales()[index];
                for (at, code) in weights.filter(index).iter().enumerate() {
                    let (channel, tap) = (at / taps, at % taps);
                    let quad = (place * taps + tap) * quads + channel / 4;
                    packed[(quad * block + filter % block) * 4 + channel % 4] = *code;
                }
            }
        }
        self.weights = packed;
    }

    fn channels(&self) -> usize {
        (self.shape.in_channels / self.shape.groups) as usize
    }

    fn group_filters(&self) -> usize {
        (self.shape.out_channels / self.shape.groups) as usize
    }

    /// Values of a pixel: channels of a group in whole fours.
    fn pixel(&self) -> usize {
        self.channels().next_multiple_of(4) * self.shape.groups as usize
    }

    /// Values of a padded row.
    fn row(&self) -> usize {
        (self.shape.in_width + 2 * self.shape.padding) as usize * self.pixel()
    }

    fn image(&self) -> usize {
        (self.shape.in_height + 2 * self.shape.padding) as usize * self.row()
    }

    /// Values of the input buffer.
    fn input_len(&self) -> Option<usize> {
        self.image().checked_mul(self.shape.batch as usize)
    }

    /// Values of the output buffer: filters last, groups in whole blocks.
    fn output_len(&self) -> Option<usize> {
        let pixels = (self.shape.out_height() * self.shape.out_width() * self.shape.batch) as usize;
        pixels.checked_mul(self.output_pixel())
    }

    fn output_pixel(&self) -> usize {
        self.group_filters().next_multiple_of(self.kind.filters()) * self.shape.groups as usize
    }

    /// Copies an image × channel × row × column map into a new buffer.
    ///
    /// # Panics
    /// The map has the wrong length.
    #[must_use]
    pub fn pack(&self, map: &[u8]) -> Buffer<u8> {
        let shape = &self.shape;
        assert_eq!(map.len() as u64, shape.input_elements(), "a map of this layer");
        let mut planes = Buffer::new(self.input_len().unwrap_or(0));
        let (width, height) = (shape.in_width as usize, shape.in_height as usize);
        let (channels, fours) = (self.channels(), self.channels().next_multiple_of(4));
        let padding = shape.padding as usize;
        for (plane, values) in map.chunks_exact(width * height).enumerate() {
            let image = plane / shape.in_channels as usize;
            let channel = plane % shape.in_channels as usize;
            let channel = channel / channels * fours + channel % channels;
            for (at, value) in values.iter().enumerate() {
                let (y, x) = (at / width + padding, at % width + padding);
                planes[image * self.image() + y * self.row() + x * self.pixel() + channel] = *value;
            }
        }
        planes
    }

    /// A buffer for outputs.
    #[must_use]
    pub fn output(&self) -> Buffer<u8> {
        Buffer::new(self.output_len().unwrap_or(0))
    }

    /// Outputs as an image × filter × row × column map.
    #[must_use]
    pub fn unpack(&self, output: &[u8]) -> Vec<u8> {
        let shape = &self.shape;
        let pixels = (shape.out_height() * shape.out_width()) as usize;
        let filters = self.group_filters();
        let wide = filters.next_multiple_of(self.kind.filters());
        let value = |image: usize, filter: usize, pixel: usize| {
            let place = filter / filters * wide + filter % filters;
            output[(image * pixels + pixel) * self.output_pixel() + place]
        };
        let mut map = Vec::with_capacity(shape.output_elements() as usize);
        for image in 0..shape.batch as usize {
            for filter in 0..shape.out_channels as usize {
                map.extend((0..pixels).map(|pixel| value(image, filter, pixel)));
            }
        }
        map
    }

    /// Convolves, scales, rounds half to even and clamps to 0..=255, on one thread.
    ///
    /// # Panics
    /// A buffer is not that of [`pack`](Self::pack) or [`output`](Self::output).
    pub fn run(&self, input: &[u8], output: &mut [u8]) {
        assert_eq!(Some(input.len()), self.input_len(), "an input of this layer");
        assert_eq!(Some(output.len()), self.output_len(), "an output of this layer");
        let block = self.kind.filters();
        let quads = self.channels().div_ceil(4);
        let blocks = self.group_filters().div_ceil(block);
        let size = self.taps.len() * quads * block * 4;
        let width = self.output_pixel();
        for (image, output) in output.chunks_exact_mut(self.pixels.len() * width).enumerate() {
            for place in 0..self.shape.groups as usize * blocks {
                let group = place / blocks;
                let first = image * self.image() + group * quads * 4;
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
