//! Lanes in plain Rust: any processor.

use super::vector::Lanes;

macro_rules! lanes {
    ($name:ident, $type:ty, $add:expr, $sub:expr) => {
        pub(super) struct $name;

        // SAFETY: unaligned reads and writes of one array; no instruction set is needed.
        unsafe impl Lanes for $name {
            type Register = [$type; 8];
            const BYTES: usize = size_of::<[$type; 8]>();

            #[inline(always)]
            unsafe fn zero() -> Self::Register {
                [<$type>::default(); 8]
            }
            #[inline(always)]
            unsafe fn load(from: *const u8) -> Self::Register {
                // SAFETY: as for the caller.
                unsafe { from.cast::<[$type; 8]>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn store(to: *mut u8, value: Self::Register) {
                // SAFETY: as for the caller.
                unsafe { to.cast::<[$type; 8]>().write_unaligned(value) }
            }
            #[inline(always)]
            unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register {
                std::array::from_fn(|lane| $add(a[lane], b[lane]))
            }
            #[inline(always)]
            unsafe fn sub(a: Self::Register, b: Self::Register) -> Self::Register {
                std::array::from_fn(|lane| $sub(a[lane], b[lane]))
            }
        }
    };
}

lanes!(PlainF32, f32, |a: f32, b: f32| a + b, |a: f32, b: f32| a - b);
lanes!(PlainI32, i32, i32::wrapping_add, i32::wrapping_sub);
