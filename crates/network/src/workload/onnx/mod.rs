//! ONNX models: shapes and weights of convolutions and linear layers, and how they hang together.

mod graph;
mod model;
mod nodes;
mod operators;
mod wire;

pub use graph::{Imported, Skipped, import};
