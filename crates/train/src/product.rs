//! The operands of a product.

/// One product; see the formula of `conv`. Strides are in floats.
#[derive(Debug)]
pub(super) struct Product<'a> {
    pub a: &'a [f32],
    pub a_row: usize,
    pub a_inner: usize,
    pub a_outer: usize,
    pub b: &'a [f32],
    pub b_inner: usize,
    pub b_outer: usize,
    pub c: &'a mut [f32],
    pub c_row: usize,
    /// Rows of C.
    pub rows: usize,
    /// Columns of C, at most `Engine::block` of them.
    pub columns: usize,
    pub inner: usize,
    pub outer: usize,
    /// Add to C instead of overwriting it.
    pub accumulate: bool,
}
