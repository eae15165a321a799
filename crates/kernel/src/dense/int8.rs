//! 8-bit dense convolution: u8 activations, signed 8-bit weights, 32-bit sums, u8 outputs.
//!
//! Activations lie channels last with zero borders, so that a tap of a pixel is one run of
//! channels and no patches are unfolded. Blocks of filters are computed by vectors
//! ([`super::int8_vectors`]) or on the tiles of AMX ([`super::amx`]).

use super::{
    amx::Amx, amx_tiles, block::FilterBlock, channels_last::ChannelsLast, int8_vectors::Vectors,
};
use crate::{Buffer, Isa};
use signloop_base::diagnostics::Problem;
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// A layer with its weights packed for one instruction set.
#[derive(Debug)]
pub struct DenseInt8 {
    layout: ChannelsLast,
    /// One a filter, groups padded to whole blocks.
    scales: Vec<f32>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Vectors(Vectors),
    Amx(Amx),
}

impl DenseInt8 {
    /// Packs the weights for vectors.
    ///
    /// # Errors
    /// The layer is too large to address.
    pub fn new(shape: &LayerShape, weights: &QuantizedTensor, isa: Isa) -> Result<Self, Problem> {
        let (layout, vectors) = Vectors::new(shape, weights, isa)?;
        Ok(Self::of(layout, weights, Body::Vectors(vectors)))
    }

    /// Packs the weights for the tiles of AMX.
    ///
    /// # Errors
    /// The processor or the system has no AMX, or the layer is too large to address.
    pub fn amx(shape: &LayerShape, weights: &QuantizedTensor) -> Result<Self, Problem> {
        if !Self::amx_available() {
            return Err(Problem::new("`dense-amx` needs AMX with 8-bit integers")
                .hint("Sapphire Rapids and later have it, under Linux 5.16 or later"));
        }
        Self::amx_unchecked(shape, weights)
    }

    /// Whether the processor has AMX with 8-bit integers and the system grants it.
    #[must_use]
    pub fn amx_available() -> bool {
        amx_tiles::available()
    }

    /// [`amx`](Self::amx) on any processor; only [`run`](Self::run) needs the instructions.
    pub(super) fn amx_unchecked(
        shape: &LayerShape,
        weights: &QuantizedTensor,
    ) -> Result<Self, Problem> {
        let (layout, amx) = Amx::new(shape, weights)?;
        Ok(Self::of(layout, weights, Body::Amx(amx)))
    }

    fn of(layout: ChannelsLast, weights: &QuantizedTensor, body: Body) -> Self {
        let scales = layout.scales(weights.scales());
        Self { layout, scales, body }
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
        let image_values = layout.output_pixels() * layout.output_pixel();
        let group_blocks = layout.blocks() / layout.shape().groups as usize;
        let filters = layout.block();
        for (image, output) in output.chunks_exact_mut(image_values).enumerate() {
            for place in 0..layout.blocks() {
                let block = FilterBlock {
                    layout,
                    input,
                    first: image * layout.image() + place / group_blocks * layout.group(),
                    place,
                    scales: &self.scales[place * filters..(place + 1) * filters],
                };
                match &self.body {
                    Body::Vectors(vectors) => vectors.block(&block, output),
                    Body::Amx(amx) => amx.block(&block, output),
                }
            }
        }
    }
}
