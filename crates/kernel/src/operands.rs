//! What a run reads and writes.

/// The input of a run, in the planes of [`Kernel::input_layout`](crate::Kernel::input_layout), borders zero.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// fp32 activations.
    Fp32(&'a [f32]),
    /// Unsigned activations, one a byte, none above the kernel's bits.
    Unsigned(&'a [u8]),
}

/// The output of a run, in the planes of [`Kernel::output_layout`](crate::Kernel::output_layout). Positions between rows are
/// set to zero, the lead and tail of a plane are left as they are.
#[derive(Debug)]
pub enum Output<'a> {
    /// fp32 values (`Scaled`, `Relu`).
    Fp32(&'a mut [f32]),
    /// Integer sums (`Sums`).
    Sums(&'a mut [i32]),
    /// Requantised values (`Requantised`).
    Unsigned(&'a mut [u8]),
}
