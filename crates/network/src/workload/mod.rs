//! Networks: layer shapes, precision, and where the weights come from.

mod chain;
mod import;
mod layer_reader;
mod network;
mod reader;
mod shape;
mod shipped;
mod weight_source;
mod weight_store;
mod width;
mod write;

pub use import::read_bytes;
pub use import::{LatentFile, LatentTensor, Rename, onnx, safetensors};
pub use network::{Layer, MapShape, Node, Operation, Workload};
pub use reader::{from_document, load, open, parse};
pub use shape::{
    LayerKind, LayerShape, MAX_DIMENSION, MAX_ELEMENTS, MAX_MACS, OperandBits, ShapeError,
};
pub use shipped::{DEFAULT_WORKLOAD, described, shipped};
pub use weight_source::{SyntheticWeights, WeightSource};
pub use weight_store::WeightStore;
pub use width::with_width;
pub use write::{latent_weights, to_toml};
