//! Latent (floating-point) weights from other tools' files.

mod latent;
mod numpy;
mod safetensors;

pub(in crate::workload) use latent::read_bytes;
pub use latent::{LatentFile, LatentTensor};
