//! A place for one activation map of every image of a batch, and its gradient.

/// An activation map, NHWC.
#[derive(Debug)]
pub(super) struct Slot {
    /// Rows, columns, channels of one image.
    pub shape: (usize, usize, usize),
    /// batch × rows × columns × channels.
    pub values: Vec<f32>,
    /// As long as `values`; absent until a reader has passed one back.
    pub gradient: Option<Vec<f32>>,
}

impl Slot {
    pub(super) fn new(shape: (usize, usize, usize), batch: usize) -> Self {
        Self { shape, values: vec![0.0; shape.0 * shape.1 * shape.2 * batch], gradient: None }
    }

    /// Floats of one image.
    pub(super) fn len(&self) -> usize {
        self.shape.0 * self.shape.1 * self.shape.2
    }

    pub(super) fn channels(&self) -> usize {
        self.shape.2
    }
}
