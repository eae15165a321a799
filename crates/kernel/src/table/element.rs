//! Lanes of a chunk's sums, and how they become sums that wait.

use super::finish::Sum;

/// Type of the lanes of a vector, and what becomes of a chunk's sums of them.
pub(super) trait Element: Copy {
    /// Type in which sums wait between chunks.
    type Waiting: Sum;
    /// Whether sums wait apart from the lanes.
    const WIDENS: bool;
    /// The value of a lane whose sum is at least −low.
    fn widen(self, low: i32) -> Self::Waiting;
    /// Sum of two chunks.
    fn join(a: Self::Waiting, b: Self::Waiting) -> Self::Waiting;
}

impl Element for f32 {
    type Waiting = f32;
    const WIDENS: bool = false;
    #[inline(always)]
    fn widen(self, _low: i32) -> f32 {
        self
    }
    #[inline(always)]
    fn join(a: f32, b: f32) -> f32 {
        a + b
    }
}

impl Element for i32 {
    type Waiting = i32;
    const WIDENS: bool = false;
    #[inline(always)]
    fn widen(self, _low: i32) -> i32 {
        self
    }
    #[inline(always)]
    fn join(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
}

impl Element for i16 {
    type Waiting = i32;
    const WIDENS: bool = true;
    // Moved up by `low` the sum lies in 0..=65535, whatever wrapped before. A check for overflow
    // (there is none) would keep the loop from becoming vectors.
    #[inline(always)]
    fn widen(self, low: i32) -> i32 {
        i32::from(self.wrapping_add(low as i16) as u16).wrapping_sub(low)
    }
    #[inline(always)]
    fn join(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
}

/// Lanes that are widened together; arrays of them go through registers, where a loop over
/// pointers would have to prove that the two sums do not overlap.
const PART: usize = 8;

#[inline(always)]
fn widened<E: Element>(sums: [E; PART], low: i32) -> [E::Waiting; PART] {
    sums.map(|sum| sum.widen(low))
}

#[inline(always)]
fn joined<E: Element>(
    mut waiting: [E::Waiting; PART],
    sums: [E; PART],
    low: i32,
) -> [E::Waiting; PART] {
    for (waiting, sum) in waiting.iter_mut().zip(widened(sums, low)) {
        *waiting = E::join(*waiting, sum);
    }
    waiting
}

/// Joins a row's sums of a chunk with those that wait.
///
/// # Safety
/// `lanes` sums that are written, and as many that wait; a whole multiple of [`PART`].
#[inline(always)]
pub(super) unsafe fn widen_row<E: Element>(
    sums: *const E,
    waiting: *mut E::Waiting,
    lanes: usize,
    low: i32,
    first: bool,
) {
    let mut lane = 0;
    while lane < lanes {
        // SAFETY: as promised by the caller.
        unsafe {
            let sums = sums.add(lane).cast::<[E; PART]>();
            let to = waiting.add(lane).cast::<[E::Waiting; PART]>();
            to.write(if first {
                widened(sums.read(), low)
            } else {
                joined(to.read(), sums.read(), low)
            });
        }
        lane = lane.wrapping_add(PART);
    }
}
