//! Straight-line steps on vector registers: what both back ends execute.
//!
//! A step works on one block of output pixels, one pixel a lane. Registers are numbered from 0;
//! the two after the last are for loads that several sums read. Slots are vectors of scratch
//! memory.

/// A vector register.
pub type Register = u8;

/// Where an operand is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A register.
    Register(Register),
    /// An input of the program: a value of the patch.
    Tap(u32),
    /// A spilled value.
    Slot(u32),
}

/// One vector operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// `to = from`.
    Set {
        /// Register written.
        to: Register,
        /// Operand.
        from: Source,
    },
    /// `to = 0`.
    Zero {
        /// Register written.
        to: Register,
    },
    /// `to += from`, or `to -= from`.
    Add {
        /// Register read and written.
        to: Register,
        /// Operand.
        from: Source,
        /// Subtract.
        negative: bool,
    },
    /// Spills a register.
    Store {
        /// Register read.
        from: Register,
        /// Slot written.
        slot: u32,
    },
    /// A filter's sum over a chunk of columns is complete.
    Finish(Finish),
}

/// The end of a filter's sum over a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish {
    /// Register with the sum, left as it is.
    pub from: Register,
    /// Filter of the group.
    pub output: u32,
    /// Place of the filter among the outputs of the pass.
    pub local: u32,
    /// The sum is minus the register, in units of `factor`.
    pub negative: bool,
    /// |factor| of the output's term (1 unless the filter is a multiple of a sum).
    pub factor: u8,
    /// First chunk of columns.
    pub first: bool,
    /// Last chunk of columns.
    pub last: bool,
    /// Least and greatest number of weights ±1 that the chunk adds: −minus to +plus values.
    pub minus: u32,
    /// See `minus`.
    pub plus: u32,
}

/// The steps that compute some filters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pass {
    /// The steps.
    pub steps: Vec<Step>,
    /// Scratch slots used.
    pub slots: u32,
    /// Filters computed.
    pub outputs: Vec<u32>,
    /// End of the steps of every chunk of columns; between chunks sums wait in memory at full
    /// width, and nothing else is kept.
    pub chunks: Vec<usize>,
}

impl Pass {
    /// The steps of every chunk.
    pub fn parts(&self) -> impl Iterator<Item = &[Step]> {
        let starts = std::iter::once(0).chain(self.chunks.iter().copied());
        starts.zip(&self.chunks).map(|(start, end)| &self.steps[start..*end])
    }
}

/// Counts of the executed steps of one pixel block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct StepCounts {
    /// Vector adds and subtracts.
    pub adds: u64,
    /// Vector loads of inputs, alone or as the operand of an add.
    pub tap_loads: u64,
    /// Vector loads of slots.
    pub slot_loads: u64,
    /// Vector stores to slots.
    pub slot_stores: u64,
    /// Finished sums, one a filter and chunk.
    pub finishes: u64,
    /// Finished sums that are kept for a later chunk.
    pub flushes: u64,
}

impl StepCounts {
    /// The counts of so many times the steps.
    #[must_use]
    pub fn times(self, many: u64) -> Self {
        Self {
            adds: self.adds * many,
            tap_loads: self.tap_loads * many,
            slot_loads: self.slot_loads * many,
            slot_stores: self.slot_stores * many,
            finishes: self.finishes * many,
            flushes: self.flushes * many,
        }
    }
}

impl Pass {
    /// Counts the steps.
    #[must_use]
    pub fn counts(&self) -> StepCounts {
        let mut counts = StepCounts::default();
        for step in &self.steps {
            match step {
                Step::Set { from, .. } | Step::Add { from, .. } => match from {
                    Source::Register(_) => {}
                    Source::Tap(_) => counts.tap_loads += 1,
                    Source::Slot(_) => counts.slot_loads += 1,
                },
                Step::Store { .. } => counts.slot_stores += 1,
                Step::Finish(finish) => {
                    counts.finishes += 1;
                    counts.flushes += u64::from(!finish.last);
                }
                Step::Zero { .. } => {}
            }
            counts.adds += u64::from(matches!(step, Step::Add { .. }));
        }
        counts
    }
}
