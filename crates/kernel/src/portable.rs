//! The steps of a pass in portable Rust: the back end of processors without machine code, and
//! what the machine code is held against.

use super::reference::{finish, finish_fp32};
use signloop_lower::{Finish, Finishing, Pass, Source, Step};

/// Lanes of a block: fp32 and 32-bit integers use the first half.
pub(super) const LANES: usize = 8;

/// A lane of the portable back end.
pub(super) trait Number: Copy + Default {
    /// Wrapping sum or difference.
    fn add(self, other: Self, negative: bool) -> Self;
}

impl Number for f32 {
    fn add(self, other: Self, negative: bool) -> Self {
        if negative { self - other } else { self + other }
    }
}

impl Number for i32 {
    fn add(self, other: Self, negative: bool) -> Self {
        if negative { self.wrapping_sub(other) } else { self.wrapping_add(other) }
    }
}

/// Runs the steps on one block. `tap` reads the lanes of an input; `done` takes finished sums.
pub(super) fn run<T: Number>(
    pass: &Pass,
    slots: &mut Vec<[T; LANES]>,
    tap: impl Fn(u32) -> [T; LANES],
    mut done: impl FnMut(&Finish, [T; LANES]),
) {
    let mut registers = [[T::default(); LANES]; 32];
    slots.resize(pass.slots as usize, [T::default(); LANES]);
    for step in &pass.steps {
        let read = |registers: &[[T; LANES]; 32], slots: &[[T; LANES]], from: Source| match from {
            Source::Register(register) => registers[usize::from(register)],
            Source::Tap(index) => tap(index),
            Source::Slot(slot) => slots[slot as usize],
        };
        match *step {
            Step::Set { to, from } => registers[usize::from(to)] = read(&registers, slots, from),
            Step::Zero { to } => registers[usize::from(to)] = [T::default(); LANES],
            Step::Add { to, from, negative } => {
                let other = read(&registers, slots, from);
                for (lane, other) in registers[usize::from(to)].iter_mut().zip(other) {
                    *lane = lane.add(other, negative);
                }
            }
            Step::Store { from, slot } => slots[slot as usize] = registers[usize::from(from)],
            Step::Finish(finish) => done(&finish, registers[usize::from(finish.from)]),
        }
    }
}

/// The value stored for a sum of integers.
pub(super) fn integer_value(sum: i32, scale: f32, bias: f32, finishing: Finishing) -> Stored {
    match finishing {
        Finishing::Sums => Stored::Sum(sum),
        _ => Stored::of(finish(sum, scale, bias, finishing), finishing),
    }
}

/// The value stored for an fp32 sum.
pub(super) fn fp32_value(sum: f32, scale: f32, bias: f32, finishing: Finishing) -> Stored {
    Stored::of(finish_fp32(sum, scale, bias, finishing), finishing)
}

/// A stored value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stored {
    /// An integer sum.
    Sum(i32),
    /// fp32.
    Scaled(f32),
    /// Requantised.
    Byte(u8),
}

impl Stored {
    fn of(value: f32, finishing: Finishing) -> Self {
        match finishing {
            Finishing::Requantised => Self::Byte(value as u8),
            _ => Self::Scaled(value),
        }
    }
}
