//! Dense competitors, for comparison inside one run.

mod fp32;
mod int8;
mod int8_tiles;

pub use fp32::DenseFp32;
pub use int8::DenseInt8;
