//! The shape of one convolution or linear layer, with bounds that keep every count in 64 bits.

use serde::Serialize;

use crate::quant::{MAX_ELEMENTS, WeightShape};

/// Largest value of any dimension: products of the seven dimensions then stay checkable.
pub const MAX_DIMENSION: u64 = 1 << 20;
/// Largest number of multiply-accumulates of one layer.
pub const MAX_MACS: u64 = 1 << 52;

/// What a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// Convolution, possibly grouped.
    Conv,
    /// Convolution with one input channel per group.
    Depthwise,
    /// Fully connected; a 1×1 convolution on a 1×1 map.
    Linear,
}

/// A layer's shape. Check it with [`LayerShape::checked`]; [`LayerShape::linear`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[expect(missing_docs, reason = "the fields are the standard convolution parameters")]
pub struct LayerShape {
    pub kind: LayerKind,
    pub batch: u64,
    pub in_channels: u64,
    pub out_channels: u64,
    pub in_height: u64,
    pub in_width: u64,
    pub kernel_height: u64,
    pub kernel_width: u64,
    pub stride: u64,
    pub padding: u64,
    pub dilation: u64,
    pub groups: u64,
}

/// Why a shape is impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ShapeError(pub String);

impl LayerShape {
    /// A fully connected layer.
    ///
    /// # Errors
    /// A dimension is zero or too large.
    pub fn linear(batch: u64, in_features: u64, out_features: u64) -> Result<Self, ShapeError> {
        Self {
            kind: LayerKind::Linear,
            batch,
            in_channels: in_features,
            out_channels: out_features,
            in_height: 1,
            in_width: 1,
            kernel_height: 1,
            kernel_width: 1,
            stride: 1,
            padding: 0,
            dilation: 1,
            groups: 1,
        }
        .checked()
    }

    /// A square convolution over a square map of `size`, stride 1, the output as large as the input
    /// where the kernel is odd.
    ///
    /// # Errors
    /// A dimension is zero or too large.
    pub fn convolution(
        in_channels: u64,
        out_channels: u64,
        size: u64,
        kernel: u64,
    ) -> Result<Self, ShapeError> {
        Self {
            kind: LayerKind::Conv,
            batch: 1,
            in_channels,
            out_channels,
            in_height: size,
            in_width: size,
            kernel_height: kernel,
            kernel_width: kernel,
            stride: 1,
            padding: kernel / 2,
            dilation: 1,
            groups: 1,
        }
        .checked()
    }

    /// Checks a shape: every dimension bounded, groups divide channels, the kernel fits.
    ///
    /// # Errors
    /// The first rule that is broken, in words.
    pub fn checked(self) -> Result<Self, ShapeError> {
        let fail = |message: String| Err(ShapeError(message));
        for (name, value, least) in [
            ("batch", self.batch, 1),
            ("in_channels", self.in_channels, 1),
            ("out_channels", self.out_channels, 1),
            ("in_height", self.in_height, 1),
            ("in_width", self.in_width, 1),
            ("kernel_height", self.kernel_height, 1),
            ("kernel_width", self.kernel_width, 1),
            ("stride", self.stride, 1),
            ("padding", self.padding, 0),
            ("dilation", self.dilation, 1),
            ("groups", self.groups, 1),
        ] {
            if value < least || value > MAX_DIMENSION {
                return fail(format!(
                    "`{name}` must be from {least} to {MAX_DIMENSION}, got {value}"
                ));
            }
        }
        if !self.in_channels.is_multiple_of(self.groups)
            || !self.out_channels.is_multiple_of(self.groups)
        {
            return fail(format!(
                "{} groups do not divide {} input and {} output channels",
                self.groups, self.in_channels, self.out_channels
            ));
        }
        for (axis, size, kernel) in [
            ("height", self.in_height, self.kernel_height),
            ("width", self.in_width, self.kernel_width),
        ] {
            let reach = self.dilation * (kernel - 1) + 1;
            if reach > size + 2 * self.padding {
                return fail(format!(
                    "the kernel reaches over {reach} pixels of {axis}, the padded input has {}",
                    size + 2 * self.padding
                ));
            }
        }
        let bounded = |name: &str, factors: [u64; 4]| {
            factors
                .into_iter()
                .try_fold(1_u64, u64::checked_mul)
                .filter(|product| *product <= MAX_ELEMENTS)
                .ok_or_else(|| ShapeError(format!("more than {MAX_ELEMENTS} {name}")))
        };
        let taps = self.kernel_height * self.kernel_width;
        bounded("weights", [self.out_channels, self.in_channels / self.groups, taps, 1])?;
        bounded("inputs", [self.batch, self.in_channels, self.in_height, self.in_width])?;
        bounded("outputs", [self.batch, self.out_channels, self.out_height(), self.out_width()])?;
        // With this bound no count of a layer (a few per MAC, or 64 bits a weight) leaves 64 bits.
        if self.dense_macs().checked_mul(self.positions()).is_none_or(|macs| macs > MAX_MACS) {
            return fail(format!("more than {MAX_MACS} multiply-accumulates"));
        }
        Ok(self)
    }

    fn out_size(&self, size: u64, kernel: u64) -> u64 {
        (size + 2 * self.padding - self.dilation * (kernel - 1) - 1) / self.stride + 1
    }

    /// Rows of the output map.
    #[must_use]
    pub fn out_height(&self) -> u64 {
        self.out_size(self.in_height, self.kernel_height)
    }

    /// Columns of the output map.
    #[must_use]
    pub fn out_width(&self) -> u64 {
        self.out_size(self.in_width, self.kernel_width)
    }

    /// Output positions: batch × rows × columns. Counts "per output position" are times this.
    #[must_use]
    pub fn positions(&self) -> u64 {
        self.batch * self.out_height() * self.out_width()
    }

    /// N: inputs that one filter reads, C/groups · R · S.
    #[must_use]
    pub fn filter_len(&self) -> u64 {
        self.in_channels / self.groups * self.kernel_height * self.kernel_width
    }

    /// Multiply-accumulates per output position: K · N.
    #[must_use]
    pub fn dense_macs(&self) -> u64 {
        self.out_channels * self.filter_len()
    }

    /// Shape of the weight tensor.
    #[must_use]
    pub fn weight_shape(&self) -> WeightShape {
        WeightShape {
            filters: self.out_channels as usize,
            channels: (self.in_channels / self.groups) as usize,
            kernel_height: self.kernel_height as usize,
            kernel_width: self.kernel_width as usize,
        }
    }

    /// Elements of the input map, without padding.
    #[must_use]
    pub fn input_elements(&self) -> u64 {
        self.batch * self.in_channels * self.in_height * self.in_width
    }

    /// Elements of the output map.
    #[must_use]
    pub fn output_elements(&self) -> u64 {
        self.positions() * self.out_channels
    }
}

/// Bits of each operand of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct OperandBits {
    /// Bits of an input activation (1..=8 integers, or 32 for fp32).
    pub activation: u32,
    /// Bits of a stored weight.
    pub weight: u32,
    /// Bits of a partial sum.
    pub accumulator: u32,
    /// Bits of an output activation as stored for the next layer.
    pub output: u32,
}
