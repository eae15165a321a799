//! A layer's quantised weights: codes in {−1, 0, +1} and one scale a filter.

use serde::Serialize;

use super::Scheme;
use signloop_base::diagnostics::Problem;

/// Largest number of weights, or of activations, of one layer.
pub const MAX_ELEMENTS: u64 = 1 << 32;

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
        // One pass without branches finds whether any code is wrong; only then is it looked for.
        let (least, most) = (-i8::from(scheme.allows(-1)), i8::from(scheme.allows(1)));
        let (wrong, effectual) = codes.chunks(4096).fold((false, 0_u64), |(wrong, sum), chunk| {
            let outside = chunk
                .iter()
                .fold(0, |flags, code| flags | u8::from(*code < least) | u8::from(*code > most));
            let zeros: u16 = chunk.iter().map(|code| u16::from(*code == 0)).sum();
            let zero = !scheme.has_zero() && zeros > 0;
            (wrong || outside > 0 || zero, sum + chunk.len() as u64 - u64::from(zeros))
        });
        if let Some(code) = codes.iter().find(|code| wrong && !scheme.allows(**code)) {
            return Err(Problem::new(format!("the code {code} is not a {scheme} weight")));
        }
        if let Some(scale) = scales.iter().find(|scale| !scale.is_finite()) {
            return Err(Problem::new(format!("the scale {scale} is not finite")));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_code_is_found_wherever_it_stands() {
        let shape = WeightShape { filters: 1, channels: 10_000, kernel_height: 1, kernel_width: 1 };
        for scheme in Scheme::ALL {
            for wrong in [-128, -2, -1, 0, 2, 127] {
                for place in [0, 4095, 4096, 9_999] {
                    let mut codes = vec![1; 10_000];
                    codes[place] = wrong;
                    let made = QuantizedTensor::new(scheme, shape, codes, vec![1.0]);
                    assert_eq!(made.is_ok(), scheme.allows(wrong), "{scheme} {wrong}");
                    if let Ok(tensor) = made {
                        assert_eq!(tensor.effectual(), 10_000 - u64::from(wrong == 0));
                    }
                }
            }
        }
    }
}
