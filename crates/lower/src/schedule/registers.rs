//! Registers and slots of the values of a pass, spilled by farthest next use.

use super::steps::{Register, Source, Step};

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    /// Not computed, or no longer needed.
    Nowhere,
    /// In a register, and in a slot if it was spilled before.
    Register(Register, Option<u32>),
    /// In a slot.
    Slot(u32),
    /// The sum of nothing.
    Zero,
}

/// Values of a pass by index, the registers and slots that hold them, and the steps so far.
#[derive(Debug)]
pub struct Values {
    homes: Vec<Home>,
    /// Whether the register or slot holds minus the value.
    negated: Vec<bool>,
    /// Positions in the order where each value is read, last first.
    reads: Vec<Vec<u32>>,
    owner: Vec<Option<usize>>,
    free_slots: Vec<u32>,
    slots: u32,
    /// Steps so far.
    pub steps: Vec<Step>,
}

impl Values {
    /// No values yet; `reads` holds, for each, the positions where it is read, last first.
    pub fn new(registers: usize, reads: Vec<Vec<u32>>) -> Self {
        Self {
            homes: vec![Home::Nowhere; reads.len()],
            negated: vec![false; reads.len()],
            reads,
            owner: vec![None; registers],
            free_slots: Vec::new(),
            slots: 0,
            steps: Vec::new(),
        }
    }

    /// Slots used at most.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Whether the value is the sum of nothing.
    pub fn is_zero(&self, value: usize) -> bool {
        self.homes[value] == Home::Zero
    }

    /// Records that a value is the sum of nothing.
    pub fn set_zero(&mut self, value: usize) {
        self.homes[value] = Home::Zero;
    }

    /// Whether a value has a register, which then may be added to.
    pub fn register_of(&self, value: usize) -> Option<Register> {
        match self.homes[value] {
            Home::Register(register, _) => Some(register),
            _ => None,
        }
    }

    /// Whether the stored form of a value is minus it.
    pub fn is_negated(&self, value: usize) -> bool {
        self.negated[value]
    }

    /// Records that the stored form of a value is minus it, or not.
    pub fn set_negated(&mut self, value: usize, negated: bool) {
        self.negated[value] = negated;
    }

    /// Where a value is read from. It must have been computed and not be zero.
    pub fn source(&self, value: usize) -> Source {
        match self.homes[value] {
            Home::Register(register, _) => Source::Register(register),
            Home::Slot(slot) => Source::Slot(slot),
            Home::Nowhere | Home::Zero => unreachable!("a value is computed before it is read"),
        }
    }

    /// Gives a value a register; another value may be spilled for it, but none of `keep`.
    pub fn allocate(&mut self, value: usize, negated: bool, keep: &[usize]) -> Register {
        let register = match self.owner.iter().position(Option::is_none) {
            Some(free) => free as Register,
            None => self.spill(keep),
        };
        self.owner[usize::from(register)] = Some(value);
        self.homes[value] = Home::Register(register, None);
        self.negated[value] = negated;
        register
    }

    /// Brings a sum that was spilled before it was complete back to a register; its slot is free
    /// again, as the sum is about to change.
    pub fn resume(&mut self, value: usize) -> Option<Register> {
        if let Home::Slot(slot) = self.homes[value] {
            let to = self.allocate(value, self.negated[value], &[]);
            self.steps.push(Step::Set { to, from: Source::Slot(slot) });
            self.free_slots.push(slot);
        }
        self.register_of(value)
    }

    fn spill(&mut self, keep: &[usize]) -> Register {
        let candidate = |register: &usize| {
            let value = self.owner[*register].filter(|value| !keep.contains(value))?;
            Some((self.reads[value].last().copied().unwrap_or(u32::MAX), *register))
        };
        let farthest = (0..self.owner.len()).filter_map(|register| candidate(&register)).max();
        let (_, register) = farthest.expect("more registers than operands that must stay");
        let value = self.owner[register].take().expect("a chosen register has an owner");
        let Home::Register(_, spilled) = self.homes[value] else { unreachable!() };
        let slot = spilled.unwrap_or_else(|| {
            let slot = self.free_slots.pop().unwrap_or_else(|| {
                self.slots += 1;
                self.slots - 1
            });
            self.steps.push(Step::Store { from: register as Register, slot });
            slot
        });
        self.homes[value] = Home::Slot(slot);
        register as Register
    }

    /// Takes over the register of a value that is read for the last time; `None` if it has none.
    pub fn take_over(&mut self, from: usize, value: usize) -> Option<Register> {
        let Home::Register(register, slot) = self.homes[from] else { return None };
        if self.reads[from].len() != 1 {
            return None;
        }
        self.reads[from].pop();
        self.free_slots.extend(slot);
        self.homes[from] = Home::Nowhere;
        self.owner[usize::from(register)] = Some(value);
        self.homes[value] = Home::Register(register, None);
        self.negated[value] = self.negated[from];
        Some(register)
    }

    /// Records one read of a value; the last one frees its register and slot.
    pub fn read(&mut self, value: usize) {
        self.reads[value].pop();
        if self.reads[value].is_empty() {
            self.release(value);
        }
    }

    /// Frees what a value occupies.
    pub fn release(&mut self, value: usize) {
        match std::mem::replace(&mut self.homes[value], Home::Nowhere) {
            Home::Register(register, slot) => {
                self.owner[usize::from(register)] = None;
                self.free_slots.extend(slot);
            }
            Home::Slot(slot) => self.free_slots.push(slot),
            Home::Nowhere | Home::Zero => {}
        }
    }
}
