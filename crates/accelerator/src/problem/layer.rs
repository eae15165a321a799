//! Problems of convolution and linear layers.

use super::{DensitySpec, Dimension, Problem, Tensor, Term};
use signloop_network::workload::{LayerKind, LayerShape};

/// The names of dimensions that layers have, not all of them every layer.
pub const LAYER_DIMENSIONS: &[&str] = &["N", "K", "C", "R", "S", "P", "Q", "G"];

impl Problem {
    /// The problem of one layer: N, K, C, R, S, P, Q (and G for groups) for a convolution, N, K,
    /// C for a linear layer. Padding is not stored, so the input holds only what is read.
    #[must_use]
    pub fn of_layer(shape: &LayerShape, weights: DensitySpec, inputs: DensitySpec) -> Self {
        let groups = shape.groups;
        let mut dimensions: Vec<(&str, u64)> = vec![
            ("N", shape.batch),
            ("K", shape.out_channels / groups),
            ("C", shape.in_channels / groups),
        ];
        let linear = shape.kind == LayerKind::Linear;
        if !linear {
            dimensions.extend([
                ("R", shape.kernel_height),
                ("S", shape.kernel_width),
                ("P", shape.out_height()),
                ("Q", shape.out_width()),
            ]);
        }
        if groups > 1 {
            dimensions.push(("G", groups));
        }
        let at = |name: &str| dimensions.iter().position(|(other, _)| *other == name);
        let term = |name: &str, coefficient| {
            at(name).map(|dimension| Term { dimension, coefficient }).into_iter()
        };
        let one = |name: &str| term(name, 1).collect::<Vec<_>>();
        let window = |kernel: &str, position: &str| {
            term(kernel, shape.dilation).chain(term(position, shape.stride)).collect::<Vec<_>>()
        };
        let indices = |list: Vec<Vec<Term>>| list.into_iter().filter(|index| !index.is_empty());
        let tensor = |name: &str, list, output, density| Tensor {
            name: name.to_owned(),
            indices: indices(list).collect(),
            output,
            density,
        };
        let tensors = vec![
            tensor(
                "Weights",
                vec![one("G"), one("K"), one("C"), one("R"), one("S")],
                false,
                weights,
            ),
            tensor(
                "Inputs",
                vec![one("N"), one("G"), one("C"), window("R", "P"), window("S", "Q")],
                false,
                inputs,
            ),
            tensor(
                "Outputs",
                vec![one("N"), one("G"), one("K"), one("P"), one("Q")],
                true,
                DensitySpec::Dense,
            ),
        ];
        Self {
            name: if linear { "MatMul" } else { "Convolution" }.to_owned(),
            dimensions: dimensions
                .iter()
                .map(|(name, size)| Dimension { name: (*name).to_owned(), size: *size })
                .collect(),
            tensors,
        }
    }
}
