//! What a method is asked: one layer, its weights, and the options of planning.

use std::num::NonZeroU32;

use signloop_network::{
    quant::{CodeMatrix, QuantizedTensor},
    workload::{Layer, LayerShape, OperandBits},
};

/// One layer to be planned.
#[derive(Debug, Clone, Copy)]
pub struct PlanRequest<'a> {
    /// The layer's shape.
    pub shape: &'a LayerShape,
    /// Its quantised weights.
    pub weights: &'a QuantizedTensor,
    /// Operand precisions.
    pub bits: OperandBits,
    /// Options shared by all methods.
    pub options: &'a PlanOptions,
}

impl<'a> PlanRequest<'a> {
    /// A layer of a network; its weights have the bits of their scheme.
    #[must_use]
    pub fn of_layer(
        layer: &'a Layer,
        weights: &'a QuantizedTensor,
        options: &'a PlanOptions,
    ) -> Self {
        let bits = OperandBits { weight: weights.scheme().bits_per_weight(), ..layer.bits };
        Self { shape: &layer.shape, weights, bits, options }
    }

    /// A shape that belongs to no network: activations and outputs of 8 bits, sums of 32.
    #[must_use]
    pub fn of_shape(
        shape: &'a LayerShape,
        weights: &'a QuantizedTensor,
        options: &'a PlanOptions,
    ) -> Self {
        let weight = weights.scheme().bits_per_weight();
        let bits = OperandBits { activation: 8, weight, accumulator: 32, output: 8 };
        Self { shape, weights, bits, options }
    }

    /// The same with activations of another width.
    #[must_use]
    pub fn with_activation_bits(mut self, activation: u32) -> Self {
        self.bits.activation = activation;
        self
    }

    /// The weights as matrices, one a group.
    pub fn matrices(&self) -> impl Iterator<Item = CodeMatrix<'a>> + use<'a> {
        let (weights, groups) = (self.weights, self.shape.groups as usize);
        (0..groups).map(move |group| weights.group(group, groups))
    }
}

/// Options of planning; part of the cache key, so equal options give equal plans.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct PlanOptions {
    /// Seed of every random choice.
    pub seed: u64,
    /// Iterations of the innermost loop of local search (0: none), for each of two searches side
    /// by side. A count, not a time, so that results repeat on any machine.
    pub search_iterations: u64,
    /// Columns of a tile within which `sum-merge` merges; all columns by default.
    pub column_tile: Option<NonZeroU32>,
    /// Filters that share an indirection table in `ucnn`; the best number by default.
    pub filter_group: Option<NonZeroU32>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { seed: 1, search_iterations: 0, column_tile: None, filter_group: None }
    }
}

/// Iterations of local search a second, measured on one core of the reference machine (Zen 5 at
/// about 3 GHz, layers of 64 to 512 filters): what turns an effort into a count.
pub const SEARCH_ITERATIONS_PER_SECOND: f64 = 1e8;
