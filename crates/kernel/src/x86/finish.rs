//! The end of a filter's sum: joined with what waited, kept for the next chunk, or scaled and stored.

use super::{
    super::masks::MASK_LANES,
    emit::{Writer, too_large},
    encode::{Base, Length, Opcode, Operand, ops},
};
use signloop_base::Result;
use signloop_lower::{Finish, Finishing, Lane, Register};

impl Writer<'_> {
    pub(super) fn finish(&mut self, finish: &Finish) -> Result<()> {
        if self.target.lane == Lane::F32 {
            return self.fp32(finish);
        }
        if finish.factor != 1 {
            return Err(signloop_base::Error::Internal("an integer sum with a factor".into()));
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

    /// An fp32 sum: joined with earlier chunks, kept or stored.
    fn fp32(&mut self, finish: &Finish) -> Result<()> {
        if finish.first && finish.last {
            return self.scale(finish, finish.from, finish.negative, 0);
        }
        let (full, temporary) = (self.full(), self.temporary());
        let place = self.waiting_place(finish, 0)?;
        let from = Operand::Reg(finish.from);
        let opcode = if finish.negative { ops::VSUBPS } else { ops::VADDPS };
        if finish.first {
            self.zero(temporary);
        } else {
            self.emit(ops::VMOVUPS_LOAD, full, [temporary, 0], place);
        }
        for _ in 0..finish.factor {
            self.emit(opcode, full, [temporary, temporary], from);
        }
        if finish.last {
            return self.scale(finish, temporary, false, 0);
        }
        self.emit(ops::VMOVUPS_STORE, full, [temporary, 0], place);
        Ok(())
    }

    /// Where a half of a sum waits for the next chunk.
    fn waiting_place(&self, finish: &Finish, half: i64) -> Result<Operand> {
        let vector = self.target.isa.vector_bytes() as i64;
        let halves = if self.target.lane == Lane::I16 { 2 } else { 1 };
        let place = (i64::from(self.pass.slots) + i64::from(finish.local) * halves + half) * vector;
        Ok(Operand::Mem(Base::Rcx, i32::try_from(place).map_err(|_| too_large())?))
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
        let place = self.waiting_place(finish, half)?;
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
