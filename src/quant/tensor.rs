//! A layer's quantised weights: codes in {−1, 0, +1} and one scale a filter.

use serde::Serialize;

use super::Scheme;
use crate::diagnostics::Problem;

/// Shape of a weight tensor in PyTorch order: filters × channels of one group × R × S.
/// A linear layer is `out × in × 1 × 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct WeightShape {
    /// K: filters, or output features.
    pub filters: usize,
    /// C: input channels that one filter sees (input channels / groups), or input features.
    pub channels: usize,
    /// R: kernel rows.
    pub kernel_height: usize,
    /// S: kernel columns.
    pub kernel_width: usize,
}

impl WeightShape {
    /// Weights of one filter, N = C·R·S.
    #[must_use]
    pub fn filter_len(&self) -> usize {
        self.channels * self.kernel_height * self.kernel_width
    }

    /// All weights, K·N.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filters * self.filter_len()
    }

    /// Whether the tensor has no weights.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Quantised weights. Invariants: `codes.len() == shape.len()`, one scale a filter,
/// every code allowed by the scheme, and under signed-binary no filter holds both signs
/// unless regions are smaller than a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedTensor {
    scheme: Scheme,
    shape: WeightShape,
    codes: Vec<i8>,
    scales: Vec<f32>,
    effectual: u64,
}

impl QuantizedTensor {
    /// Checks and wraps codes (K×C×R×S order, row-major) and scales (one a filter).
    ///
    /// # Errors
    /// The lengths do not fit the shape, or a code or scale is not allowed.
    pub fn new(
        scheme: Scheme,
        shape: WeightShape,
        codes: Vec<i8>,
        scales: Vec<f32>,
    ) -> Result<Self, Problem> {
        if codes.len() != shape.len() || scales.len() != shape.filters {
            return Err(Problem::new(format!(
                "{} codes and {} scales do not fill {} filters of {} weights",
                codes.len(),
                scales.len(),
                shape.filters,
                shape.filter_len()
            )));
        }
        if let Some(code) = codes.iter().find(|code| !scheme.allows(**code)) {
            return Err(Problem::new(format!("the code {code} is not a {scheme} weight")));
        }
        if let Some(scale) = scales.iter().find(|scale| !scale.is_finite()) {
            return Err(Problem::new(format!("the scale {scale} is not finite")));
        }
        let effectual = codes.iter().map(|code| u64::from(*code != 0)).sum();
        Ok(Self { scheme, shape, codes, scales, effectual })
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> WeightShape {
        self.shape
    }

    /// All codes, filter by filter.
    #[must_use]
    pub fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// One scale a filter.
    #[must_use]
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// The codes of filter `k` (C×R×S order).
    #[must_use]
    pub fn filter(&self, k: usize) -> &[i8] {
        let len = self.shape.filter_len();
        &self.codes[k * len..(k + 1) * len]
    }

    /// Non-zero codes: the effectual parameters.
    #[must_use]
    pub fn effectual(&self) -> u64 {
        self.effectual
    }

    /// Effectual parameters over all parameters (1 for an empty tensor).
    #[must_use]
    pub fn density(&self) -> f64 {
        if self.codes.is_empty() { 1.0 } else { self.effectual() as f64 / self.codes.len() as f64 }
    }

    /// The matrix of one group of a grouped convolution: `filters / groups` rows of N columns.
    /// All filters when `groups == 1`.
    #[must_use]
    pub fn group(&self, group: usize, groups: usize) -> CodeMatrix<'_> {
        let rows = self.shape.filters / groups;
        let columns = self.shape.filter_len();
        let start = group * rows * columns;
        CodeMatrix { rows, columns, codes: &self.codes[start..start + rows * columns] }
    }
}

/// A borrowed K×N matrix of codes in {−1, 0, +1}, row-major: y = W·x.
#[derive(Debug, Clone, Copy)]
pub struct CodeMatrix<'a> {
    /// K: outputs.
    pub rows: usize,
    /// N: inputs.
    pub columns: usize,
    /// `rows × columns` codes.
    pub codes: &'a [i8],
}

impl<'a> CodeMatrix<'a> {
    /// One row.
    #[must_use]
    pub fn row(&self, row: usize) -> &'a [i8] {
        &self.codes[row * self.columns..(row + 1) * self.columns]
    }

    /// All rows in order.
    pub fn iter_rows(&self) -> impl Iterator<Item = &'a [i8]> + use<'a> {
        let (codes, columns) = (self.codes, self.columns);
        (0..self.rows).map(move |row| &codes[row * columns..(row + 1) * columns])
    }

    /// Dense product with integers, the definition that every program is held against.
    #[must_use]
    pub fn multiply(&self, input: &[i64]) -> Vec<i64> {
        assert_eq!(input.len(), self.columns, "one input per column");
        self.iter_rows()
            .map(|row| row.iter().zip(input).map(|(code, x)| i64::from(*code) * x).sum())
            .collect()
    }
}
