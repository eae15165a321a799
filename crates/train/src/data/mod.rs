//! Data sets: labelled images, where to get them, and batches of them.

mod batch;
mod cifar;
mod dataset;
mod digits;
mod idx;
mod source;

pub use batch::{Augmentation, fill_batch, shuffled};
pub use cifar::parse as parse_cifar;
pub use dataset::{Dataset, Images};
pub use idx::{parse as parse_idx, unpack as unpack_gzip};
pub use source::{DatasetKind, DatasetSource};
