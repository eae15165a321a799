//! ONNX models: shapes and weights of convolutions and linear layers, and how they hang together.

mod activations;
mod external;
mod fold;
mod graph;
mod input;
mod layers;
mod maps;
mod model;
mod operators;
mod pointwise;
mod refusal;
mod sizes;
mod tensor;
mod values;
mod window;
mod wire;

pub use graph::{Imported, Skipped, import};
pub use input::Options;

#[cfg(test)]
mod tests;
