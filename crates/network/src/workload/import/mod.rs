//! Latent (floating-point) weights and networks from other tools' files.

mod latent;
mod numpy;
pub mod onnx;
mod rename;
mod safetensors;

pub use latent::read_bytes;
pub use latent::{LatentFile, LatentTensor};
pub use rename::Rename;
pub use safetensors::write as safetensors;
