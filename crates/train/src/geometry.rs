//! Where a convolution's operands lie: padded maps, packed weights, and the phases of its
//! data gradient.

use super::engine::Engine;
use signloop_network::{quant::WeightShape, workload::LayerShape};

/// A convolution on NHWC maps of one image; a linear layer is 1×1 on a 1×1 map.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the standard convolution parameters, in pixels and channels")]
pub struct Geometry {
    pub in_height: usize,
    pub in_width: usize,
    pub in_channels: usize,
    pub out_height: usize,
    pub out_width: usize,
    pub out_channels: usize,
    pub kernel_height: usize,
    pub kernel_width: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    pub groups: usize,
}

/// Input pixels of one residue modulo the stride: they see the same kernel taps, so that their
/// gradient is a convolution of stride 1 on the padded output gradient.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phase {
    /// First input pixel (row, column); the next ones are a stride apart.
    pub first: (usize, usize),
    /// Input rows and columns of the phase.
    pub pixels: (usize, usize),
    /// Residue of (pixel + padding), which is also the first kernel tap (row, column).
    pub residue: (usize, usize),
    /// Kernel taps (rows, columns).
    pub taps: (usize, usize),
    /// Place of the first pixel's first tap on the padded output gradient (row, column).
    pub origin: (usize, usize),
    /// First float of the phase's packed weights.
    pub weights: usize,
}

/// Zero rows and columns around a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Border {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

impl Border {
    pub(super) const NONE: Self = Self { top: 0, left: 0, bottom: 0, right: 0 };
}

impl Geometry {
    /// The geometry of a workload's layer.
    #[must_use]
    pub fn of(shape: &LayerShape) -> Self {
        Self {
            in_height: shape.in_height as usize,
            in_width: shape.in_width as usize,
            in_channels: shape.in_channels as usize,
            out_height: shape.out_height() as usize,
            out_width: shape.out_width() as usize,
            out_channels: shape.out_channels as usize,
            kernel_height: shape.kernel_height as usize,
            kernel_width: shape.kernel_width as usize,
            stride: shape.stride as usize,
            padding: shape.padding as usize,
            dilation: shape.dilation as usize,
            groups: shape.groups as usize,
        }
    }

    /// Whether it is neither grouped nor dilated: what the products of [`super::conv`] compute.
    pub(super) fn is_plain(&self) -> bool {
        (self.groups, self.dilation) == (1, 1)
    }

    /// Input channels that one filter reads.
    #[must_use]
    pub fn filter_channels(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Shape of the weights.
    #[must_use]
    pub fn weight_shape(&self) -> WeightShape {
        WeightShape {
            filters: self.out_channels,
            channels: self.filter_channels(),
            kernel_height: self.kernel_height,
            kernel_width: self.kernel_width,
        }
    }

    /// Floats of one image's input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.in_height * self.in_width * self.in_channels
    }

    /// Floats of one image's output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.out_height * self.out_width * self.out_channels
    }

    /// K·C·R·S, with the C channels of one group.
    #[must_use]
    pub fn weights_len(&self) -> usize {
        self.weight_shape().len()
    }

    /// Whether each output pixel reads one input pixel, the same one: then images are one row.
    pub(super) fn is_pointwise(&self) -> bool {
        self.is_plain()
            && (self.kernel_height, self.kernel_width, self.stride, self.padding) == (1, 1, 1, 0)
    }

    /// `images` images as one row of pixels, for a pointwise layer.
    pub(super) fn merged(&self, images: usize) -> Self {
        let width = images * self.in_height * self.in_width;
        Self { in_height: 1, in_width: width, out_height: 1, out_width: width, ..*self }
    }

    /// The zeros around the input.
    pub(super) fn input_border(&self) -> Border {
        let padding = self.padding;
        Border { top: padding, left: padding, bottom: padding, right: padding }
    }

    /// The zeros around the output gradient that every phase's taps need.
    pub(super) fn output_border(&self) -> Border {
        let before = |kernel: usize| kernel.div_ceil(self.stride) - 1;
        let after = |size: usize, out: usize| {
            ((size - 1 + self.padding) / self.stride).saturating_sub(out - 1)
        };
        Border {
            top: before(self.kernel_height),
            left: before(self.kernel_width),
            bottom: after(self.in_height, self.out_height),
            right: after(self.in_width, self.out_width),
        }
    }

    /// The phases of the data gradient, row by row.
    pub(super) fn phases(&self, engine: Engine) -> Vec<Phase> {
        let border = self.output_border();
        let mut weights = 0;
        let mut phases = Vec::with_capacity(self.stride * self.stride);
        for row in 0..self.stride {
            for column in 0..self.stride {
                let axis = |residue: usize, kernel: usize, size: usize, before: usize| {
                    let taps = kernel.saturating_sub(residue).div_ceil(self.stride);
                    // The least pixel with (pixel + padding) ≡ residue modulo the stride.
                    let first = (residue + self.stride - self.padding % self.stride) % self.stride;
                    let pixels = size.saturating_sub(first).div_ceil(self.stride);
                    let step = (first + self.padding - residue) / self.stride;
                    (taps, first, pixels, (step + before + 1).saturating_sub(taps))
                };
                let (tap_rows, first_row, rows, origin_row) =
                    axis(row, self.kernel_height, self.in_height, border.top);
                let (tap_columns, first_column, columns, origin_column) =
                    axis(column, self.kernel_width, self.in_width, border.left);
                phases.push(Phase {
                    first: (first_row, first_column),
                    pixels: (rows, columns),
                    residue: (row, column),
                    taps: (tap_rows, tap_columns),
                    origin: (origin_row, origin_column),
                    weights,
                });
                let block = engine.block(self.in_channels);
                let padded = self.in_channels.next_multiple_of(block);
                weights += tap_rows * tap_columns * self.out_channels * padded;
            }
        }
        phases
    }
}

/// Floats of a map with its border.
pub(super) fn padded_len(height: usize, width: usize, channels: usize, border: Border) -> usize {
    (height + border.top + border.bottom) * (width + border.left + border.right) * channels
}
