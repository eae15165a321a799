//! Networks: layer shapes, precision, and where the weights come from.

mod chain;
mod latent;
mod layer_reader;
mod network;
pub mod onnx;
mod reader;
mod shape;
mod shipped;
mod weight_source;
mod weight_store;
mod width;
mod write;

pub use crate::quant::MAX_ELEMENTS;
pub use latent::{LatentFile, LatentTensor, Rename, read_bytes, safetensors};
pub use network::{Layer, MapShape, Node, Operation, Workload};
pub use reader::{from_document, load, open, parse};
pub use shape::{LayerKind, LayerShape, MAX_DIMENSION, MAX_MACS, OperandBits, ShapeError};
pub use shipped::{DEFAULT_WORKLOAD, described, shipped};
pub use weight_source::{SyntheticWeights, WeightSource};
pub use weight_store::WeightStore;
pub use width::with_width;
pub use write::{latent_weights, to_toml};
