//! What a simulation found, and how it is written.

mod write;

pub use write::write_atomically;
