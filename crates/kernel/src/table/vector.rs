//! Vectors of lanes: what the compiled loops are generic over.

use std::marker::PhantomData;

/// A block of lanes held in registers.
///
/// # Safety
/// `load` and `store` touch [`Lanes::BYTES`] bytes at any address; every function may be called
/// only where the processor has the type's instruction set.
pub(super) unsafe trait Lanes {
    /// The registers.
    type Register: Copy;
    /// Bytes of the block.
    const BYTES: usize;

    /// Zeros.
    unsafe fn zero() -> Self::Register;
    /// Reads a block.
    unsafe fn load(from: *const u8) -> Self::Register;
    /// Writes a block.
    unsafe fn store(to: *mut u8, value: Self::Register);
    /// a + b.
    unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register;
    /// a − b.
    unsafe fn sub(a: Self::Register, b: Self::Register) -> Self::Register;
    /// Ones where [`Lanes::add_other`] multiplies by them.
    unsafe fn ones() -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { Self::zero() }
    }
    /// a + b on another unit than `add`, if there is one.
    unsafe fn add_other(
        a: Self::Register,
        b: Self::Register,
        _ones: Self::Register,
    ) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { Self::add(a, b) }
    }
    /// a − b on another unit than `sub`, if there is one.
    unsafe fn sub_other(
        a: Self::Register,
        b: Self::Register,
        _ones: Self::Register,
    ) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { Self::sub(a, b) }
    }
}

/// What every register of floats or integers does by one intrinsic each.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! register {
    ($register:ty, $bytes:literal, $zero:expr, $load:ident, $store:ident, $add:ident, $sub:ident) => {
        type Register = $register;
        const BYTES: usize = $bytes;

        #[inline(always)]
        unsafe fn zero() -> Self::Register {
            // SAFETY: as for the caller.
            unsafe { $zero }
        }
        #[inline(always)]
        unsafe fn load(from: *const u8) -> Self::Register {
            // SAFETY: as for the caller.
            unsafe { $load(from.cast()) }
        }
        #[inline(always)]
        unsafe fn store(to: *mut u8, value: Self::Register) {
            // SAFETY: as for the caller.
            unsafe { $store(to.cast(), value) }
        }
        #[inline(always)]
        unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register {
            // SAFETY: as for the caller.
            unsafe { $add(a, b) }
        }
        #[inline(always)]
        unsafe fn sub(a: Self::Register, b: Self::Register) -> Self::Register {
            // SAFETY: as for the caller.
            unsafe { $sub(a, b) }
        }
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use register;

/// Three vectors side by side: an entry of the table is decoded once for all of them.
pub(super) struct Three<V>(PhantomData<V>);

// SAFETY: the three vectors lie one after the other and make up `BYTES`.
unsafe impl<V: Lanes> Lanes for Three<V> {
    type Register = [V::Register; 3];
    const BYTES: usize = 3 * V::BYTES;

    #[inline(always)]
    unsafe fn zero() -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::zero(); 3] }
    }
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::load(from), V::load(from.add(V::BYTES)), V::load(from.add(2 * V::BYTES))] }
    }
    #[inline(always)]
    unsafe fn store(to: *mut u8, [a, b, c]: Self::Register) {
        // SAFETY: as for the caller.
        unsafe {
            V::store(to, a);
            V::store(to.add(V::BYTES), b);
            V::store(to.add(2 * V::BYTES), c);
        }
    }
    #[inline(always)]
    unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::add(a[0], b[0]), V::add(a[1], b[1]), V::add(a[2], b[2])] }
    }
    #[inline(always)]
    unsafe fn sub(a: Self::Register, b: Self::Register) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::sub(a[0], b[0]), V::sub(a[1], b[1]), V::sub(a[2], b[2])] }
    }
    #[inline(always)]
    unsafe fn ones() -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::ones(); 3] }
    }
    // The units take turns vector by vector.
    #[inline(always)]
    unsafe fn add_other(
        a: Self::Register,
        b: Self::Register,
        ones: Self::Register,
    ) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe {
            [
                V::add_other(a[0], b[0], ones[0]),
                V::add(a[1], b[1]),
                V::add_other(a[2], b[2], ones[0]),
            ]
        }
    }
    #[inline(always)]
    unsafe fn sub_other(
        a: Self::Register,
        b: Self::Register,
        ones: Self::Register,
    ) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe {
            [
                V::sub_other(a[0], b[0], ones[0]),
                V::sub(a[1], b[1]),
                V::sub_other(a[2], b[2], ones[0]),
            ]
        }
    }
}

/// Two vectors side by side.
pub(super) struct Two<V>(PhantomData<V>);

// SAFETY: the two vectors lie one after the other and make up `BYTES`.
unsafe impl<V: Lanes> Lanes for Two<V> {
    type Register = [V::Register; 2];
    const BYTES: usize = 2 * V::BYTES;

    #[inline(always)]
    unsafe fn zero() -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::zero(); 2] }
    }
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::load(from), V::load(from.add(V::BYTES))] }
    }
    #[inline(always)]
    unsafe fn store(to: *mut u8, [a, b]: Self::Register) {
        // SAFETY: as for the caller.
        unsafe {
            V::store(to, a);
            V::store(to.add(V::BYTES), b);
        }
    }
    #[inline(always)]
    unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::add(a[0], b[0]), V::add(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn sub(a: Self::Register, b: Self::Register) -> Self::Register {
        // SAFETY: as for the caller.
        unsafe { [V::sub(a[0], b[0]), V::sub(a[1], b[1])] }
    }
}
