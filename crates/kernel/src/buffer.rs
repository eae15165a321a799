//! Buffers that begin on a cache line.

#![expect(unsafe_code, reason = "a slice of lines is viewed as a slice of values")]

use std::{marker::PhantomData, slice};

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Values that any bytes are valid for, and that divide a line.
pub trait Plain: Copy + private::Sealed {}

mod private {
    pub trait Sealed {}
}

macro_rules! plain {
    ($($type:ty),*) => { $(impl private::Sealed for $type {} impl Plain for $type {})* };
}
plain!(u8, i8, i16, u32, i32, f32, u64);

/// A zeroed buffer of values that begins on a cache line.
#[derive(Debug, Clone)]
pub struct Buffer<T> {
    lines: Vec<Line>,
    length: usize,
    kind: PhantomData<T>,
}

impl<T: Plain> Buffer<T> {
    /// Zeros.
    #[must_use]
    pub fn new(length: usize) -> Self {
        let lines = (length * size_of::<T>()).div_ceil(64);
        Self { lines: vec![Line([0; 64]); lines], length, kind: PhantomData }
    }
}

impl<T: Plain> Default for Buffer<T> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T: Plain> std::ops::Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold at least `length` values, lines are aligned for every `Plain`
        // type, and all bytes are initialised and valid for it.
        unsafe { slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl<T: Plain> std::ops::DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`, and the borrow is unique.
        unsafe { slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}
