//! The end of a filter's sums in plain loops over lanes, which the compiler turns into vectors.

use signloop_lower::Finishing;

/// A filter's scale and bias, its sign folded into the scale, and where lanes are pixels.
pub(super) struct End<'a> {
    pub(super) scale: f32,
    pub(super) bias: f32,
    pub(super) negative: bool,
    pub(super) finishing: Finishing,
    /// All bits set where a lane is a pixel of the output.
    pub(super) live: &'a [u32],
}

/// A type of sums.
pub(super) trait Sum: Copy + Default {
    fn float(self) -> f32;
    fn whole(self) -> i32;
    /// a·self + b·other.
    fn combined(self, a: i8, other: Self, b: i8) -> Self;
}

impl Sum for f32 {
    #[inline(always)]
    fn float(self) -> f32 {
        self
    }
    // fp32 sums are never stored as integers; `Kernel::build` refuses that.
    #[inline(always)]
    fn whole(self) -> i32 {
        0
    }
    #[inline(always)]
    fn combined(self, a: i8, other: Self, b: i8) -> Self {
        f32::from(a) * self + f32::from(b) * other
    }
}

impl Sum for i32 {
    #[inline(always)]
    fn float(self) -> f32 {
        self as f32
    }
    #[inline(always)]
    fn whole(self) -> i32 {
        self
    }
    #[inline(always)]
    fn combined(self, a: i8, other: Self, b: i8) -> Self {
        self.wrapping_mul(i32::from(a)).wrapping_add(other.wrapping_mul(i32::from(b)))
    }
}

impl End<'_> {
    /// Writes a filter's lanes.
    ///
    /// # Safety
    /// `to` can be written for as many values of the finishing as there are sums.
    #[inline(always)]
    pub(super) unsafe fn write<S: Sum>(&self, sums: &[S], to: *mut u8) {
        let scale = if self.negative { -self.scale } else { self.scale };
        let value = |sum: S| sum.float() * scale + self.bias;
        // SAFETY: as promised by the caller.
        unsafe {
            match self.finishing {
                Finishing::Sums if self.negative => {
                    self.each(sums, to, |sum| sum.whole().wrapping_neg());
                }
                Finishing::Sums => self.each(sums, to, Sum::whole),
                Finishing::Scaled => self.each(sums, to, value),
                Finishing::Relu => self.each(sums, to, |sum| value(sum).max(0.0)),
                Finishing::Requantised => self.each(sums, to, |sum| {
                    let value = value(sum).max(0.0).round_ties_even().min(255.0);
                    // Between 0 and 255 also for NaN, which `max` drops; `as` would look again,
                    // lane by lane.
                    value.to_int_unchecked::<i32>() as u8
                }),
            }
        }
    }

    // A plain loop over pointers: the compiler makes vectors of it under every instruction set.
    #[inline(always)]
    unsafe fn each<S: Sum, T: Copy + Default>(
        &self,
        sums: &[S],
        to: *mut u8,
        value: impl Fn(S) -> T,
    ) {
        let lanes = sums.len().min(self.live.len());
        let (sums, live, to) = (sums.as_ptr(), self.live.as_ptr(), to.cast::<T>());
        let mut lane = 0;
        while lane < lanes {
            // SAFETY: the lane is below the number of sums and masks, and `to` has as many values.
            unsafe {
                let value = value(sums.add(lane).read());
                let value = if live.add(lane).read() == 0 { T::default() } else { value };
                to.add(lane).write_unaligned(value);
            }
            lane = lane.wrapping_add(1);
        }
    }
}
