//! Latent (floating-point) weights from files of PyTorch and NumPy.

mod file;
mod numpy;
mod rename;
mod safetensors;
mod tensor;

pub use file::{LatentFile, read_bytes};
pub use rename::Rename;
pub use safetensors::write as safetensors;
pub use tensor::LatentTensor;
pub(super) use tensor::elements;
