//! The bit-packed baseline: AND and population count on 64-bit words, one pass an activation bit.

mod kernel;
mod level;
mod pack;

pub use kernel::BitPackedKernel;
pub use level::PopcountLevel;
