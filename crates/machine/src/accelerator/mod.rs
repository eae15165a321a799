//! Accelerators: scratchpads, an array of compute units, and their sparse features.

mod energy;
mod format;
mod limits;
mod rank_format;
mod read;
mod shipped;
mod sparse;
mod types;
mod write;

pub use energy::{ActionEnergy, StorageEnergy};
pub use format::{FormatSpec, RankSpec};
pub use limits::MAX_LEVELS;
pub use rank_format::{RANK_FORMATS, RankFormat};
pub use read::{load, parse, read};
pub use shipped::{document, shipped};
pub use sparse::{Saf, SafKind, SafOption};
pub use types::{Accelerator, Compute, MetadataStore, Storage};
pub use write::write;
