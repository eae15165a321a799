//! Floats that begin at a cache line, so that no whole-vector access touches two.

use std::ops::{Deref, DerefMut};

const LINE_BYTES: usize = 64;
const LINE_FLOATS: usize = LINE_BYTES / size_of::<f32>();

/// A buffer whose first float lies at a multiple of 64 bytes.
#[derive(Debug, Default)]
pub(super) struct Aligned {
    /// Longer than asked for by up to a line, to have room for the shift.
    room: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// A buffer of zeros.
    pub(super) fn zeros(len: usize) -> Self {
        let room = vec![0.0; len + LINE_FLOATS];
        // A float may be unalignable in theory; then the buffer is merely slower.
        let start = room.as_ptr().align_offset(LINE_BYTES).min(LINE_FLOATS);
        Self { room, start, len }
    }

    /// Changes the length; the content is unknown afterwards.
    pub(super) fn resize(&mut self, len: usize) {
        if self.start + len > self.room.len() {
            *self = Self::zeros(len);
        }
        self.len = len;
    }

    /// Changes the length and sets all to zero.
    pub(super) fn reset(&mut self, len: usize) {
        self.resize(len);
        self.fill(0.0);
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.room[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.room[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_at_a_line_and_keeps_its_length() {
        let mut buffer = Aligned::default();
        for len in [1, 100, 7, 4096] {
            buffer.reset(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr().addr() % LINE_BYTES, 0);
            assert!(buffer.iter().all(|value| *value == 0.0));
            buffer.fill(3.0);
        }
    }
}
