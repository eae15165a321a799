//! Machine code of a pass: `fn(input, output, constants, scratch, mask)` for one pixel block, one function a
//! chunk of columns.
//!
//! Arguments are in rdi, rsi, rdx, rcx and r8 (System V). fp32 adds from registers alternate between the adder
//! and the multiply-add unit (x·1 + y is the same number): Zen 4 has one 512-bit pipe of each, so
//! that doubles the rate (measured 1.0 and 2.0 a cycle); where both share ports it costs nothing.

use super::{
    super::{
        lanes::{Finishing, Isa, Lane},
        masks::MASK_LANES,
        ports::registers,
        schedule::{Finish, Pass, Register, Source, Step},
    },
    encode::{Base, Code, Length, Opcode, Operand, ops},
};
use crate::{Result, diagnostics::Problem};

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
        for step in steps {
            writer.step(step)?;
        }
        self.code.leave();
        Ok(start)
    }
}

struct Writer<'a> {
    emitter: &'a mut Emitter,
    target: &'a Target<'a>,
    pass: &'a Pass,
    /// The second register holds a sum that is read again.
    busy: bool,
}

/// Exchanges registers 5 to 7 and 13 to 15: an add whose last operand is one of the first eight
/// is a byte shorter under VEX, and the loads that many sums read are in 13 and 14.
fn low(register: Register) -> Register {
    if register & 7 >= 5 { register ^ 8 } else { register }
}

fn too_large() -> crate::Error {
    Problem::new("the layer is too large for a kernel: an offset exceeds 2 GiB").into()
}

impl Writer<'_> {
    fn wide(&self) -> bool {
        self.target.isa == Isa::Avx512
    }

    fn full(&self) -> Length {
        if self.wide() { Length::Zmm } else { Length::Ymm }
    }

    /// First and second registers for loads, and the third: 1.0 (fp32) or free for finishing.
    fn temporary(&self) -> Register {
        registers(self.target.isa).0 as Register
    }
    fn second(&self) -> Register {
        self.temporary() + 1
    }
    fn third(&self) -> Register {
        self.temporary() + 2
    }

    fn emit(&mut self, opcode: Opcode, length: Length, registers: [Register; 2], last: Operand) {
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

    fn count(&mut self, opcode: Opcode, last: Operand) {
        let stores = [ops::VMOVUPS_STORE, ops::VMOVQ_STORE, ops::VPMOVUSDB];
        match last {
            Operand::Reg(_) => {}
            _ if stores.contains(&opcode) => self.emitter.writes += 1,
            _ => self.emitter.reads += 1,
        }
    }

    fn constant(&mut self, bits: u32) -> Result<i32> {
        let constants = &mut self.emitter.constants;
        constants.push(bits);
        i32::try_from((constants.len() - 1) * 4).map_err(|_| too_large())
    }

    fn load_broadcast(&mut self, opcode: Opcode, to: Register, constant: i32) {
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

    fn zero(&mut self, to: Register) {
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
                let in_register = matches!(operand, Operand::Reg(_));
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

    fn finish(&mut self, finish: &Finish) -> Result<()> {
        if self.target.lane == Lane::F32 {
            return self.scale(finish, finish.from, finish.negative, 0);
        }
        if finish.factor != 1 {
            return Err(crate::Error::Internal("an integer sum with a factor".into()));
        }
        // Range of the register in activations: [−low, high].
        let (low, high) = match finish.negative {
            false => (finish.minus, finish.plus),
            true => (finish.plus, finish.minus),
        };
        let greatest = self.target.greatest;
        let (low, high) = (low * greatest, high * greatest);
        let signed = low <= 0x8000 && high <= 0x7FFF;
        let (mut from, mut offset) = (finish.from, None);
        let half_words = self.target.lane == Lane::I16;
        if half_words && !signed && low > 0 {
            // Moved up by `low` the sum lies in 0..=65535.
            let constant = self.constant(low)?;
            let third = self.third();
            self.load_broadcast(ops::VPBROADCASTW, third, constant);
            self.emit(ops::VPADDW, self.full(), [third, third], Operand::Reg(from));
            (from, offset) = (third, Some(constant));
        }
        let temporary = self.temporary();
        for half in 0..if half_words { 2 } else { 1 } {
            if half_words {
                let extend =
                    if signed && offset.is_none() { ops::VPMOVSXWD } else { ops::VPMOVZXWD };
                let mut source = from;
                if half == 1 {
                    // The extract's register operand is the source.
                    let (opcode, length) = match self.wide() {
                        true => (ops::VEXTRACTI64X4, Length::Zmm),
                        false => (ops::VEXTRACTI128, Length::Ymm),
                    };
                    self.emit(opcode, length, [from, 0], Operand::Reg(temporary));
                    self.emitter.code.immediate(1);
                    source = temporary;
                }
                self.emit(extend, self.full(), [temporary, 0], Operand::Reg(source));
                if let Some(constant) = offset {
                    self.arithmetic(ops::VPSUBD, temporary, constant);
                }
            } else {
                self.emit(ops::VMOVAPS, self.full(), [temporary, 0], Operand::Reg(from));
            }
            self.busy = half_words && half == 0 && from == self.second();
            self.integer(finish, half)?;
        }
        self.busy = false;
        Ok(())
    }

    /// `to = to ∘ constant`, the constant broadcast from memory; the second register is lost
    /// under AVX2.
    fn arithmetic(&mut self, opcode: Opcode, to: Register, constant: i32) {
        let full = self.full();
        if self.wide() {
            let constant = Operand::Broadcast(Base::Rdx, constant);
            self.count(opcode, constant);
            self.emitter.code.evex(opcode, full, [to, to], constant, (0, false));
        } else {
            let second = self.second();
            self.load_broadcast(ops::VBROADCASTSS, second, constant);
            self.emit(opcode, full, [to, to], Operand::Reg(second));
        }
    }

    /// A 32-bit half in the first temporary: joined with earlier chunks, kept or stored.
    fn integer(&mut self, finish: &Finish, half: i64) -> Result<()> {
        let full = self.full();
        let (temporary, second) = (self.temporary(), self.second());
        let vector = self.target.isa.vector_bytes() as i64;
        let halves = if self.target.lane == Lane::I16 { 2 } else { 1 };
        let place = (i64::from(self.pass.slots) + i64::from(finish.local) * halves + half) * vector;
        let place = Operand::Mem(Base::Rcx, i32::try_from(place).map_err(|_| too_large())?);
        let mut negative = finish.negative;
        if !(finish.first && finish.last) || self.target.finishing == Finishing::Sums {
            // The sign cannot wait for the scale.
            if !finish.first && !negative {
                self.emit(ops::VPADDD, full, [temporary, temporary], place);
            } else if negative {
                let saved = self.third();
                if self.busy {
                    self.emit(ops::VMOVAPS, full, [saved, 0], Operand::Reg(second));
                }
                if finish.first {
                    self.zero(second);
                } else {
                    self.emit(ops::VMOVUPS_LOAD, full, [second, 0], place);
                }
                self.emit(ops::VPSUBD, full, [second, second], Operand::Reg(temporary));
                self.emit(ops::VMOVAPS, full, [temporary, 0], Operand::Reg(second));
                if self.busy {
                    self.emit(ops::VMOVAPS, full, [second, 0], Operand::Reg(saved));
                }
            }
            negative = false;
        }
        if !finish.last {
            self.emit(ops::VMOVUPS_STORE, full, [temporary, 0], place);
            return Ok(());
        }
        if self.target.finishing == Finishing::Sums {
            return self.store(finish, half);
        }
        self.emit(ops::VCVTDQ2PS, full, [temporary, 0], Operand::Reg(temporary));
        self.scale(finish, temporary, negative, half)
    }

    /// scale·x + bias of fp32 lanes, clamped and stored.
    fn scale(&mut self, finish: &Finish, from: Register, negative: bool, half: i64) -> Result<()> {
        let full = self.full();
        let temporary = self.temporary();
        let filter = (self.target.first_filter + finish.output) as usize;
        let (scale, bias) = self.target.scales[filter];
        let sign = if negative { -1.0 } else { 1.0 };
        let scale = self.constant((scale * sign * f32::from(finish.factor)).to_bits())?;
        let bias_constant = self.constant(bias.to_bits())?;
        if from != temporary {
            self.emit(ops::VMOVAPS, full, [temporary, 0], Operand::Reg(from));
        }
        // Under AVX2 constants pass through the second register, which may hold the other half.
        let saved = self.third();
        let keep = !self.wide() && self.busy;
        if keep {
            self.emit(ops::VMOVAPS, full, [saved, 0], Operand::Reg(self.second()));
        }
        self.arithmetic(ops::VMULPS, temporary, scale);
        if bias != 0.0 {
            self.arithmetic(ops::VADDPS, temporary, bias_constant);
        }
        if matches!(self.target.finishing, Finishing::Relu | Finishing::Requantised) {
            let zero = self.constant(0)?;
            self.arithmetic(ops::VMAXPS, temporary, zero);
        }
        if self.target.finishing == Finishing::Requantised {
            if !self.wide() {
                let limit = self.constant(255.0_f32.to_bits())?;
                self.arithmetic(ops::VMINPS, temporary, limit);
            }
            self.emit(ops::VCVTPS2DQ, full, [temporary, 0], Operand::Reg(temporary));
        }
        if keep {
            self.emit(ops::VMOVAPS, full, [self.second(), 0], Operand::Reg(saved));
        }
        self.store(finish, half)
    }

    /// Stores the first temporary with the lanes outside the map cleared.
    fn store(&mut self, finish: &Finish, half: i64) -> Result<()> {
        let full = self.full();
        let temporary = self.temporary();
        let value = self.target.finishing.bytes() as i64;
        let lanes = self.target.isa.vector_bytes() as i64 / 4;
        let filter = i64::from(self.target.first_filter + finish.output);
        let place = filter * self.target.plane_bytes + half * lanes * value;
        let place = Operand::Mem(Base::Rsi, i32::try_from(place).map_err(|_| too_large())?);
        let bytes = value == 1;
        if self.wide() {
            let opcode = if bytes { ops::VPMOVUSDB } else { ops::VMOVUPS_STORE };
            self.emitter.reads += 1;
            self.count(opcode, place);
            let code = &mut self.emitter.code;
            code.load_mask(1, Base::R8, half as i32 * 2);
            code.evex(ops::VMOVAPS, full, [temporary, 0], Operand::Reg(temporary), (1, true));
            code.evex(opcode, full, [temporary, 0], place, (0, false));
        } else {
            let mask = Operand::Mem(Base::R8, MASK_LANES as i32 + half as i32 * 32);
            self.emit(ops::VANDPS, full, [temporary, temporary], mask);
            if bytes {
                // 8 lanes of 32 bits to 8 bytes: the 128-bit halves pack apart.
                let own = Operand::Reg(temporary);
                self.emit(ops::VPACKUSDW, full, [temporary, temporary], own);
                self.emit(ops::VPERMQ, full, [temporary, 0], own);
                self.emitter.code.immediate(0b1000);
                self.emit(ops::VPACKUSWB, Length::Xmm, [temporary, temporary], own);
                self.emit(ops::VMOVQ_STORE, Length::Xmm, [temporary, 0], place);
            } else {
                self.emit(ops::VMOVUPS_STORE, full, [temporary, 0], place);
            }
        }
        Ok(())
    }
}
