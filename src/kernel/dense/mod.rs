//! Dense competitors, for comparison inside one run.

mod fp32;

pub use fp32::DenseFp32;
