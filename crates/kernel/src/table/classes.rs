//! Patterns by number: the order in which a table lists them, and what each adds to which filter.

use signloop_method::shared_sum::PatternKind;

/// Filters of the widest block.
pub(super) const ROWS: usize = 8;

/// Patterns by number run from 0 to this, exclusive; some have no list.
pub(super) const fn classes(kind: PatternKind) -> usize {
    match kind {
        PatternKind::OneSign => 256,
        PatternKind::Full => 128,
        PatternKind::Mixed => 243,
    }
}

/// Lists of columns of a pattern: those added, and those subtracted if there can be any.
pub(super) const fn lists(kind: PatternKind) -> usize {
    match kind {
        PatternKind::OneSign => 1,
        PatternKind::Full | PatternKind::Mixed => 2,
    }
}

/// What a pattern's sum does to a filter: +1 added, −1 subtracted, 0 nothing.
///
/// One sign: bit r is filter r. Full: filter 0 always adds, bit r − 1 says that filter r subtracts.
/// Mixed: digit r in base 3 less one is filter r.
pub(super) const fn code(kind: PatternKind, class: usize, row: usize) -> i8 {
    match kind {
        PatternKind::OneSign => (class >> row & 1) as i8,
        PatternKind::Full => match row {
            0 => 1,
            _ => 1 - 2 * (class >> (row - 1) & 1) as i8,
        },
        PatternKind::Mixed if row >= 5 => 0,
        PatternKind::Mixed => (class / 3_usize.pow(row as u32) % 3) as i8 - 1,
    }
}

/// Patterns of the first filters, over which the loops are unrolled: a pattern is
/// high · `lows` + low.
pub(super) const fn lows(kind: PatternKind) -> usize {
    match kind {
        PatternKind::OneSign => 16,
        PatternKind::Full => 8,
        PatternKind::Mixed => 27,
    }
}

/// Filters whose codes the low part holds; the others are told by the high part.
pub(super) const fn low_rows(kind: PatternKind) -> usize {
    match kind {
        PatternKind::OneSign | PatternKind::Full => 4,
        PatternKind::Mixed => 3,
    }
}

/// Whether a pattern has lists: not if its low part is minus another. (Where the low part is all
/// zeros, the lists of some high parts stay empty.)
pub(super) const fn listed(kind: PatternKind, class: usize) -> bool {
    let mut row = 0;
    while row < low_rows(kind) {
        match code(kind, class, row) {
            0 => row += 1,
            lead => return lead > 0,
        }
    }
    true
}

/// The number of a pattern, and whether it is minus that; `None` for all zeros.
pub(super) fn class_of(kind: PatternKind, codes: [i8; ROWS]) -> Option<(usize, bool)> {
    let lead = codes.iter().copied().find(|code| *code != 0)?;
    let codes = codes.map(|code| code * lead);
    let class = match kind {
        PatternKind::OneSign => {
            (0..ROWS).fold(0, |class, row| class | usize::from(codes[row] != 0) << row)
        }
        PatternKind::Full => {
            (1..ROWS).fold(0, |class, row| class | usize::from(codes[row] < 0) << (row - 1))
        }
        PatternKind::Mixed => {
            (0..5).rev().fold(0, |class, row| class * 3 + (codes[row] + 1) as usize)
        }
    };
    Some((class, lead < 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_patterns_agree() {
        for (kind, listed_classes) in [
            (PatternKind::OneSign, 256),
            (PatternKind::Full, 128),
            // 9 high parts with 13 of 27 low ones and that of zeros.
            (PatternKind::Mixed, 9 * 14),
        ] {
            let own: Vec<usize> = (0..classes(kind)).filter(|class| listed(kind, *class)).collect();
            assert_eq!(own.len(), listed_classes);
            for class in own {
                let codes = std::array::from_fn(|row| code(kind, class, row));
                let Some(lead) = codes.iter().copied().find(|code| *code != 0) else { continue };
                if lead > 0 {
                    assert_eq!(class_of(kind, codes), Some((class, false)));
                    if kind != PatternKind::OneSign {
                        assert_eq!(class_of(kind, codes.map(|code| -code)), Some((class, true)));
                    }
                }
            }
            assert_eq!(class_of(kind, [0; ROWS]), None);
        }
    }
}
