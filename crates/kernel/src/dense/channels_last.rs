//! Maps of the 8-bit competitors: channels last, zero borders, groups in whole fours.

use crate::Buffer;
use signloop_base::diagnostics::Problem;
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Layout of a layer's input and output.
#[derive(Debug)]
pub struct ChannelsLast {
    shape: LayerShape,
    /// Filters of a group are padded to whole blocks of so many.
    block: usize,
    /// Values behind the last image that a tile may read.
    slack: usize,
}

impl ChannelsLast {
    /// The layout of a layer.
    ///
    /// # Errors
    /// The layer is too large to address.
    pub fn new(shape: &LayerShape, block: usize) -> Result<Self, Problem> {
        Self { shape: *shape, block, slack: 0 }.checked()
    }

    /// The same for tiles that may read so many outputs' pixels behind the last, and so many
    /// channels behind those of a group.
    ///
    /// # Errors
    /// The layer is too large to address.
    pub fn beyond(mut self, pixels: usize, channels: usize) -> Result<Self, Problem> {
        let step = self.pixel().checked_mul(self.shape.stride as usize);
        let slack = step.and_then(|step| step.checked_mul(pixels)?.checked_add(channels));
        self.slack = slack.ok_or_else(too_large)?;
        self.checked()
    }

    fn checked(self) -> Result<Self, Problem> {
        let values = [self.input_len(), self.output_len()];
        if values.iter().any(|values| values.is_none_or(|values| values > 1 << 31)) {
            return Err(too_large());
        }
        Ok(self)
    }

    /// The layer.
    pub fn shape(&self) -> &LayerShape {
        &self.shape
    }

    /// Filters of a block.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Channels of a group.
    pub fn channels(&self) -> usize {
        (self.shape.in_channels / self.shape.groups) as usize
    }

    /// Values of a pixel that belong to a group: its channels in whole fours.
    pub fn group(&self) -> usize {
        self.channels().next_multiple_of(4)
    }

    /// Filters of a group.
    pub fn group_filters(&self) -> usize {
        (self.shape.out_channels / self.shape.groups) as usize
    }

    /// Blocks of filters of all groups.
    pub fn blocks(&self) -> usize {
        self.group_filters().div_ceil(self.block) * self.shape.groups as usize
    }

    /// Values of a pixel.
    pub fn pixel(&self) -> usize {
        self.group() * self.shape.groups as usize
    }

    /// Pixels of a padded row.
    pub fn width(&self) -> usize {
        (self.shape.in_width + 2 * self.shape.padding) as usize
    }

    /// Values of a padded row.
    pub fn row(&self) -> usize {
        self.width() * self.pixel()
    }

    /// Values of a padded image.
    pub fn image(&self) -> usize {
        (self.shape.in_height + 2 * self.shape.padding) as usize * self.row()
    }

    /// Values of the input buffer.
    pub fn input_len(&self) -> Option<usize> {
        self.image().checked_mul(self.shape.batch as usize)?.checked_add(self.slack)
    }

    /// Pixels of an output image.
    pub fn output_pixels(&self) -> usize {
        (self.shape.out_height() * self.shape.out_width()) as usize
    }

    /// Values of an output pixel: filters last, groups in whole blocks.
    pub fn output_pixel(&self) -> usize {
        self.blocks() * self.block
    }

    /// Values of the output buffer.
    pub fn output_len(&self) -> Option<usize> {
        self.output_pixels()
            .checked_mul(self.shape.batch as usize)?
            .checked_mul(self.output_pixel())
    }

    /// Distance of every tap from a pixel's first value.
    pub fn taps(&self) -> Vec<usize> {
        let shape = &self.shape;
        let dilation = shape.dilation as usize;
        let mut taps = Vec::new();
        for r in 0..shape.kernel_height as usize {
            for s in 0..shape.kernel_width as usize {
                taps.push(r * dilation * self.row() + s * dilation * self.pixel());
            }
        }
        taps
    }

    /// One scale a filter, groups padded to whole blocks.
    pub fn scales(&self, scales: &[f32]) -> Vec<f32> {
        let mut padded = vec![0.0; self.output_pixel()];
        for (filter, scale) in scales.iter().enumerate() {
            padded[self.place(filter)] = *scale;
        }
        padded
    }

    /// Place of a filter among the values of an output pixel.
    pub fn place(&self, filter: usize) -> usize {
        let filters = self.group_filters();
        filter / filters * filters.next_multiple_of(self.block) + filter % filters
    }

    /// The weights in a buffer of so many: `index` tells where, from the place of the filter among
    /// the values of an output pixel, the tap and the channel.
    pub fn weights(
        &self,
        weights: &QuantizedTensor,
        length: usize,
        index: impl Fn(usize, usize, usize) -> usize,
    ) -> Buffer<i8> {
        let taps = (self.shape.kernel_height * self.shape.kernel_width) as usize;
        let mut packed = Buffer::new(length);
        for filter in 0..self.shape.out_channels as usize {
            let place = self.place(filter);
            for (at, code) in weights.filter(filter).iter().enumerate() {
                packed[index(place, at % taps, at / taps)] = *code;
            }
        }
        packed
    }

    /// Copies an image × channel × row × column map into a new buffer.
    ///
    /// # Panics
    /// The map has the wrong length.
    pub fn pack(&self, map: &[u8]) -> Buffer<u8> {
        let shape = &self.shape;
        assert_eq!(map.len() as u64, shape.input_elements(), "a map of this layer");
        let mut planes = Buffer::new(self.input_len().unwrap_or(0));
        let (width, height) = (shape.in_width as usize, shape.in_height as usize);
        let channels = self.channels();
        let padding = shape.padding as usize;
        for (plane, values) in map.chunks_exact(width * height).enumerate() {
            let image = plane / shape.in_channels as usize;
            let channel = plane % shape.in_channels as usize;
            let channel = channel / channels * self.group() + channel % channels;
            for (at, value) in values.iter().enumerate() {
                let (y, x) = (at / width + padding, at % width + padding);
                planes[image * self.image() + y * self.row() + x * self.pixel() + channel] = *value;
            }
        }
        planes
    }

    /// A buffer for outputs.
    pub fn output(&self) -> Buffer<u8> {
        Buffer::new(self.output_len().unwrap_or(0))
    }

    /// Outputs as an image × filter × row × column map.
    pub fn unpack(&self, output: &[u8]) -> Vec<u8> {
        let pixels = self.output_pixels();
        let mut map = Vec::with_capacity(self.shape.output_elements() as usize);
        for image in 0..self.shape.batch as usize {
            for place in (0..self.shape.out_channels as usize).map(|filter| self.place(filter)) {
                let value = |pixel| output[(image * pixels + pixel) * self.output_pixel() + place];
                map.extend((0..pixels).map(value));
            }
        }
        map
    }

    /// Checks the buffers of a run.
    ///
    /// # Panics
    /// One has the wrong length.
    pub fn check(&self, input: &[u8], output: &[u8]) {
        assert_eq!(Some(input.len()), self.input_len(), "an input of this layer");
        assert_eq!(Some(output.len()), self.output_len(), "an output of this layer");
    }
}

fn too_large() -> Problem {
    Problem::new("the layer is too large for the dense competitor")
}
