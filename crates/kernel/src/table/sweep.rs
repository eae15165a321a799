//! The inner loops: columns of a pattern are summed once, and the sum goes to its filters.
//!
//! A table is a stream of byte offsets: for every pattern in order the columns that are added, −1,
//! and where patterns have a sign the columns that are subtracted, −1. The patterns of the first
//! filters are unrolled, so that all sums stay in registers; their sums go to the other filters
//! together, once for each pattern of those. No branch depends on data other than the ends of
//! lists, which a branch predictor learns while the same table runs over many blocks.

use super::{
    classes::{classes, code, listed, lists, low_rows, lows},
    vector::Lanes,
};
use signloop_method::shared_sum::PatternKind;

const ONE_SIGN: PatternKind = PatternKind::OneSign;
const FULL: PatternKind = PatternKind::Full;
const MIXED: PatternKind = PatternKind::Mixed;

/// The next entry of a stream.
macro_rules! next {
    ($stream:ident) => {{
        let entry = $stream.read();
        $stream = $stream.add(1);
        entry
    }};
}

/// Adds a pattern's sum to one filter as the pattern says; the two units take turns.
macro_rules! apply {
    ($kind:expr, $low:expr, $row:literal, $sum:ident, $ones:ident, $to:ident) => {
        if const { $row < low_rows($kind) } {
            match (const { code($kind, $low, $row) }, const { ($low ^ $row) & 1 == 1 }) {
                (0, _) => {}
                (1, false) => $to = V::add($to, $sum),
                (1, true) => $to = V::add_other($to, $sum, $ones),
                (_, false) => $to = V::sub($to, $sum),
                (_, true) => $to = V::sub_other($to, $sum, $ones),
            }
        }
    };
}

/// Adds the sum of all patterns of a high part to one of its filters.
macro_rules! apply_high {
    ($kind:expr, $high:ident, $row:literal, $sum:ident, $ones:ident, $to:ident) => {
        if const { $row >= low_rows($kind) } {
            match code($kind, $high * lows($kind), $row) {
                0 => {}
                1 => $to = V::add_other($to, $sum, $ones),
                _ => $to = V::sub_other($to, $sum, $ones),
            }
        }
    };
}

macro_rules! sweep {
    ($name:ident, $kind:expr, [$($low:literal)*], $doc:literal) => {
        #[doc = $doc]
        ///
        /// # Safety
        /// The processor has the instruction set of `V`. Every entry of the stream but the ends
        /// of lists is the offset from `base` of a readable block; the stream has all lists of the
        /// kind. `sums` holds `ROWS` blocks that can be read and written.
        #[inline(always)]
        pub(super) unsafe fn $name<V: Lanes>(
            base: *const u8,
            mut stream: *const i32,
            sums: *mut u8,
            resume: bool,
        ) {
            // SAFETY: as promised by the caller: the stream is read list by list to its end,
            // `base` only at its entries, and `sums` at `ROWS` blocks.
            unsafe {
                let ones = V::ones();
                let (mut r0, mut r1, mut r2, mut r3, mut r4, mut r5, mut r6, mut r7);
                if resume {
                    r0 = V::load(sums);
                    r1 = V::load(sums.add(V::BYTES));
                    r2 = V::load(sums.add(2 * V::BYTES));
                    r3 = V::load(sums.add(3 * V::BYTES));
                    r4 = V::load(sums.add(4 * V::BYTES));
                    r5 = V::load(sums.add(5 * V::BYTES));
                    r6 = V::load(sums.add(6 * V::BYTES));
                    r7 = V::load(sums.add(7 * V::BYTES));
                } else {
                    r0 = V::zero();
                    (r1, r2, r3, r4, r5, r6, r7) = (r0, r0, r0, r0, r0, r0, r0);
                }
                let mut high = 0;
                while high < const { classes($kind) / lows($kind) } {
                    let mut all = V::zero();
                    $(if const { listed($kind, $low) } {
                        let mut entry = next!(stream);
                        let mut sum = V::zero();
                        let mut any = entry >= 0;
                        if any {
                            sum = V::load(base.offset(entry as isize));
                            loop {
                                entry = next!(stream);
                                if entry < 0 {
                                    break;
                                }
                                sum = V::add(sum, V::load(base.offset(entry as isize)));
                            }
                        }
                        if const { lists($kind) == 2 } {
                            entry = next!(stream);
                            any |= entry >= 0;
                            while entry >= 0 {
                                sum = V::sub(sum, V::load(base.offset(entry as isize)));
                                entry = next!(stream);
                            }
                        }
                        if any {
                            all = V::add_other(all, sum, ones);
                            apply!($kind, $low, 0, sum, ones, r0);
                            apply!($kind, $low, 1, sum, ones, r1);
                            apply!($kind, $low, 2, sum, ones, r2);
                            apply!($kind, $low, 3, sum, ones, r3);
                        }
                    })*
                    apply_high!($kind, high, 3, all, ones, r3);
                    apply_high!($kind, high, 4, all, ones, r4);
                    apply_high!($kind, high, 5, all, ones, r5);
                    apply_high!($kind, high, 6, all, ones, r6);
                    apply_high!($kind, high, 7, all, ones, r7);
                    high += 1;
                }
                V::store(sums, r0);
                V::store(sums.add(V::BYTES), r1);
                V::store(sums.add(2 * V::BYTES), r2);
                V::store(sums.add(3 * V::BYTES), r3);
                V::store(sums.add(4 * V::BYTES), r4);
                V::store(sums.add(5 * V::BYTES), r5);
                V::store(sums.add(6 * V::BYTES), r6);
                V::store(sums.add(7 * V::BYTES), r7);
            }
        }
    };
}

sweep!(one_sign, ONE_SIGN, [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15], "Filters of one sign beside zeros.");
sweep!(full, FULL, [0 1 2 3 4 5 6 7], "Filters without zeros.");
sweep!(
    mixed,
    MIXED,
    [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26],
    "Filters of both signs and zeros."
);
