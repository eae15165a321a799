//! Machine code for x86-64: encoder, executable memory, and code of the passes.

mod emit;
pub mod encode;
mod finish;
mod memory;

pub(super) use emit::{Emitter, Target};
pub use memory::Executable;
