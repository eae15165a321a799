//! Dense competitors, for comparison inside one run.

mod amx;
#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod amx_emulator;
mod amx_tiles;
mod block;
mod channels_last;
mod fp32;
mod int8;
mod int8_tiles;
mod int8_vectors;

pub use fp32::DenseFp32;
pub use int8::DenseInt8;
