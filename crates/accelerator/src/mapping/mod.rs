//! Mappings: which loops run at which storage level, in which order, in time or in space.

mod check;
mod read;
mod types;
mod write;

pub use check::{Fault, check};
pub(crate) use read::tell;
pub use read::{at_level, parse, read};
pub use signloop_machine::accelerator::MAX_LEVELS;
pub use types::{LevelMapping, Loop, Mapping};
pub use write::write;
