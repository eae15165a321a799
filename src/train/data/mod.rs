//! Data sets: labelled images, where to get them, and batches of them.

mod batch;
mod cifar;
mod dataset;
mod digits;
mod idx;
mod source;

pub use batch::{Augmentation, fill_batch, shuffled};
pub use dataset::{Dataset, Images};
pub use source::{DatasetKind, DatasetSource};
