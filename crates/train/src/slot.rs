//! A place for one activation map of every image of a batch, and its gradient.

use super::aligned::Aligned;

/// An activation map, NHWC.
#[derive(Debug)]
pub(super) struct Slot {
    /// Rows, columns, channels of one image.
    pub shape: (usize, usize, usize),
    /// batch × rows × columns × channels.
    pub values: Aligned,
    /// As long as `values`; absent until a reader has passed one back.
    pub gradient: Option<Aligned>,
}

impl Slot {
    pub(super) fn new(shape: (usize, usize, usize), batch: usize) -> Self {
        let values = Aligned::zeros(shape.0 * shape.1 * shape.2 * batch);
        Self { shape, values, gradient: None }
    }

    /// Floats of one image.
    pub(super) fn len(&self) -> usize {
        self.shape.0 * self.shape.1 * self.shape.2
    }

    pub(super) fn channels(&self) -> usize {
        self.shape.2
    }
}
