//! Machine code of a pass: `fn(input, output, constants, scratch, mask, ahead)` for one pixel block, one function a
//! chunk of columns. The steps are here, the ends of sums in [`super::finish`].
//!
//! Arguments are in rdi, rsi, rdx, rcx and r8 (System V); r9 has the address of the code that this
//! call fetches for the next chunk.

use super::encode::{Base, Code, Length, Opcode, Operand, ops};
use signloop_base::{Result, diagnostics::Problem};
use signloop_lower::{Finishing, Isa, Lane, Pass, Register, Source, Step, registers};

/// What the code of all passes has in common.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// AVX2 or AVX-512.
    pub isa: Isa,
    /// Lane type.
    pub lane: Lane,
    /// What is stored.
    pub finishing: Finishing,
    /// Byte offset of every tap from the block's place in the first input plane.
    pub taps: &'a [i64],
    /// Filters of the groups before this one.
    pub first_filter: u32,
    /// Bytes of an output plane.
    pub plane_bytes: i64,
    /// Scale and bias of every filter of the layer.
    pub scales: &'a [(f32, f32)],
    /// Largest activation (integers).
    pub greatest: u32,
    /// Whether fp32 adds alternate between adder and multiply-add unit.
    pub alternates: bool,
    /// Blocks that share the fetching of the next chunk's code, if it comes from afar.
    pub fetchers: Option<usize>,
}

/// Code of all passes with the constants that it reads.
#[derive(Debug, Default)]
pub struct Emitter {
    /// Code.
    pub code: Code,
    /// Constants, read at rdx.
    pub constants: Vec<u32>,
    /// Memory reads of one block, all passes together.
    pub reads: u64,
    /// Memory writes of one block, all passes together.
    pub writes: u64,
    toggle: bool,
}

impl Emitter {
    /// Appends the code of a pass; the offsets of its chunks.
    ///
    /// # Errors
    /// An offset does not fit in 31 bits.
    pub fn pass(&mut self, target: &Target<'_>, pass: &Pass) -> Result<Vec<usize>> {
        pass.parts().map(|steps| self.part(target, pass, steps)).collect()
    }

    fn part(&mut self, target: &Target<'_>, pass: &Pass, steps: &[Step]) -> Result<usize> {
        self.code.align();
        let start = self.code.len();
        let mut writer = Writer { emitter: self, target, pass, busy: false };
        if target.lane == Lane::F32 {
            let one = writer.constant(1.0_f32.to_bits())?;
            writer.load_broadcast(ops::VBROADCASTSS, writer.third(), one);
        }
        let mut lines = 0;
        for step in steps {
            writer.step(step)?;
            if let Some(fetchers) = target.fetchers {
                while (writer.emitter.code.len() - start) / (64 * fetchers) > lines {
                    writer.emitter.code.prefetch(Base::R9, lines as i32 * 64);
                    lines += 1;
                }
            }
        }
        self.code.leave();
        Ok(start)
    }
}

/// Writes a chunk of a pass.
pub(super) struct Writer<'a> {
    pub(super) emitter: &'a mut Emitter,
    pub(super) target: &'a Target<'a>,
    pub(super) pass: &'a Pass,
    /// The second register holds a sum that is read again.
    pub(super) busy: bool,
}

/// Exchanges registers 5 to 7 and 13 to 15: an add whose last operand is one of the first eight
/// is a byte shorter under VEX, and the loads that many sums read are in 13 and 14.
fn low(register: Register) -> Register {
    if register & 7 >= 5 { register ^ 8 } else { register }
}

pub(super) fn too_large() -> signloop_base::Error {
    Problem::new("the layer is too large for a kernel: an offset exceeds 2 GiB").into()
}

impl Writer<'_> {
    pub(super) fn wide(&self) -> bool {
        self.target.isa == Isa::Avx512
    }

    pub(super) fn full(&self) -> Length {
        if self.wide() { Length::Zmm } else { Length::Ymm }
    }

    /// First and second registers for loads, and the third: 1.0 (fp32) or free for finishing.
    pub(super) fn temporary(&self) -> Register {
        registers(self.target.isa).0 as Register
    }
    pub(super) fn second(&self) -> Register {
        self.temporary() + 1
    }
    pub(super) fn third(&self) -> Register {
        self.temporary() + 2
    }

    pub(super) fn emit(
        &mut self,
        opcode: Opcode,
        length: Length,
        registers: [Register; 2],
        last: Operand,
    ) {
        self.count(opcode, last);
        if self.wide() {
            self.emitter.code.evex(opcode, length, registers, last, (0, false));
        } else {
            let last = match last {
                Operand::Reg(register) => Operand::Reg(low(register)),
                memory => memory,
            };
            self.emitter.code.vex(opcode, length, registers.map(low), last);
        }
    }

    pub(super) fn count(&mut self, opcode: Opcode, last: Operand) {
        let stores = [ops::VMOVUPS_STORE, ops::VMOVQ_STORE, ops::VPMOVUSDB];
        match last {
            Operand::Reg(_) => {}
            _ if stores.contains(&opcode) => self.emitter.writes += 1,
            _ => self.emitter.reads += 1,
        }
    }

    pub(super) fn constant(&mut self, bits: u32) -> Result<i32> {
        let constants = &mut self.emitter.constants;
        constants.push(bits);
        i32::try_from((constants.len() - 1) * 4).map_err(|_| too_large())
    }

    pub(super) fn load_broadcast(&mut self, opcode: Opcode, to: Register, constant: i32) {
        self.emit(opcode, self.full(), [to, 0], Operand::Mem(Base::Rdx, constant));
    }

    fn operand(&self, source: Source) -> Result<Operand> {
        let vector = self.target.isa.vector_bytes() as i64;
        let memory = |base, offset: i64| {
            i32::try_from(offset).map(|offset| Operand::Mem(base, offset)).map_err(|_| too_large())
        };
        match source {
            Source::Register(register) => Ok(Operand::Reg(register)),
            Source::Tap(tap) => memory(Base::Rdi, self.target.taps[tap as usize]),
            Source::Slot(slot) => memory(Base::Rcx, i64::from(slot) * vector),
        }
    }

    pub(super) fn zero(&mut self, to: Register) {
        let opcode = if self.wide() { ops::VPXORD } else { ops::VXORPS };
        self.emit(opcode, self.full(), [to, to], Operand::Reg(to));
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        let full = self.full();
        match *step {
            Step::Set { to, from } => {
                let operand = self.operand(from)?;
                let opcode = match operand {
                    Operand::Reg(_) => ops::VMOVAPS,
                    _ => ops::VMOVUPS_LOAD,
                };
                self.emit(opcode, full, [to, 0], operand);
            }
            Step::Zero { to } => self.zero(to),
            Step::Add { to, from, negative } => {
                let operand = self.operand(from)?;
                self.add(to, operand, negative);
            }
            Step::Store { from, slot } => {
                let slot = self.operand(Source::Slot(slot))?;
                self.emit(ops::VMOVUPS_STORE, full, [from, 0], slot);
            }
            Step::Finish(finish) => self.finish(&finish)?,
        }
        Ok(())
    }

    fn add(&mut self, to: Register, operand: Operand, negative: bool) {
        let full = self.full();
        let opcode = match (self.target.lane, negative) {
            (Lane::I16, false) => ops::VPADDW,
            (Lane::I16, true) => ops::VPSUBW,
            (Lane::I32, false) => ops::VPADDD,
            (Lane::I32, true) => ops::VPSUBD,
            (Lane::F32, _) => {
                let in_register = self.target.alternates && matches!(operand, Operand::Reg(_));
                self.emitter.toggle ^= in_register;
                if in_register && self.emitter.toggle {
                    let opcode = if negative { ops::VFNMADD231PS } else { ops::VFMADD231PS };
                    self.emit(opcode, full, [to, self.third()], operand);
                    return;
                }
                if negative { ops::VSUBPS } else { ops::VADDPS }
            }
        };
        self.emit(opcode, full, [to, to], operand);
    }
}
