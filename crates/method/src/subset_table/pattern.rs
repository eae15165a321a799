//! A pattern of up to 16 codes as two masks.

/// Codes of one filter within a tile: bit i of `plus` (`minus`) is set where input i is added
/// (subtracted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// Inputs added.
    pub plus: u16,
    /// Inputs subtracted.
    pub minus: u16,
}

impl Pattern {
    pub(crate) fn of(codes: &[i8]) -> Self {
        let mask = |wanted: i8| {
            let bits = codes.iter().enumerate();
            bits.fold(0, |mask, (bit, code)| mask | u16::from(*code == wanted) << bit)
        };
        Self { plus: mask(1), minus: mask(-1) }
    }

    pub(crate) fn support(self) -> u16 {
        self.plus | self.minus
    }

    pub(crate) fn within(self, mask: u16) -> Self {
        Self { plus: self.plus & mask, minus: self.minus & mask }
    }

    /// The pattern whose first effectual code is +1, and whether the sign was changed.
    pub(crate) fn canonical(self) -> (Self, bool) {
        let first = self.support() & self.support().wrapping_neg();
        let negative = self.minus & first != 0;
        let turned = Self { plus: self.minus, minus: self.plus };
        (if negative { turned } else { self }, negative)
    }
}
