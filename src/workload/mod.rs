//! Networks: layer shapes, precision, and where the weights come from.

mod shape;

pub use shape::{LayerKind, LayerShape, OperandBits, ShapeError};
