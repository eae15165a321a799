//! A small encoder of VEX and EVEX instructions: what the kernels need and no more.
//!
//! Byte formats are those of the Intel SDM, volume 2, sections 2.3 (VEX) and 2.7 (EVEX), with the
//! compressed displacement disp8·N. The tests hold every form against the decoder of `iced-x86`.

/// A vector register, 0 to 31 (0 to 15 under VEX).
pub type Reg = u8;

/// General registers that hold addresses, by their encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Base {
    Rcx = 1,
    Rdx = 2,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
}

/// The last operand of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A vector register.
    Reg(Reg),
    /// Memory at base + displacement.
    Mem(Base, i32),
    /// One 32-bit element of memory, broadcast (EVEX only).
    Broadcast(Base, i32),
}

/// Vector length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Length {
    Xmm = 0,
    Ymm = 1,
    Zmm = 2,
}

/// Opcode map, prefix, W and opcode of an instruction, and the bytes N of its memory operand as
/// a shift right of the vector length (0: full vector, 1: half, 2: quarter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opcode {
    map: u8,
    prefix: u8,
    wide: bool,
    byte: u8,
    part: u8,
}

const fn op(map: u8, prefix: u8, byte: u8) -> Opcode {
    Opcode { map, prefix, wide: false, byte, part: 0 }
}

/// Instructions, named as in the manual.
#[expect(missing_docs, reason = "the manual's names say what they are")]
pub mod ops {
    use super::{Opcode, op};

    pub const VMOVUPS_LOAD: Opcode = op(1, 0, 0x10);
    pub const VMOVUPS_STORE: Opcode = op(1, 0, 0x11);
    pub const VMOVAPS: Opcode = op(1, 0, 0x28);
    pub const VADDPS: Opcode = op(1, 0, 0x58);
    pub const VSUBPS: Opcode = op(1, 0, 0x5C);
    pub const VMULPS: Opcode = op(1, 0, 0x59);
    pub const VMINPS: Opcode = op(1, 0, 0x5D);
    pub const VMAXPS: Opcode = op(1, 0, 0x5F);
    pub const VANDPS: Opcode = op(1, 0, 0x54);
    pub const VXORPS: Opcode = op(1, 0, 0x57);
    /// EVEX: 32-bit lanes, AVX512F.
    pub const VPXORD: Opcode = op(1, 1, 0xEF);
    pub const VFMADD231PS: Opcode = op(2, 1, 0xB8);
    pub const VFNMADD231PS: Opcode = op(2, 1, 0xBC);
    pub const VFMADD213PS: Opcode = op(2, 1, 0xA8);
    pub const VPADDB: Opcode = op(1, 1, 0xFC);
    pub const VPADDW: Opcode = op(1, 1, 0xFD);
    pub const VPSUBW: Opcode = op(1, 1, 0xF9);
    pub const VPADDD: Opcode = op(1, 1, 0xFE);
    pub const VPSUBD: Opcode = op(1, 1, 0xFA);
    pub const VPMOVZXWD: Opcode = Opcode { part: 1, ..op(2, 1, 0x33) };
    pub const VPMOVSXWD: Opcode = Opcode { part: 1, ..op(2, 1, 0x23) };
    pub const VEXTRACTI64X4: Opcode = Opcode { wide: true, part: 1, ..op(3, 1, 0x3B) };
    pub const VEXTRACTI128: Opcode = Opcode { part: 1, ..op(3, 1, 0x39) };
    pub const VCVTDQ2PS: Opcode = op(1, 0, 0x5B);
    pub const VCVTPS2DQ: Opcode = op(1, 1, 0x5B);
    /// Of one 32-bit element in memory.
    pub const VBROADCASTSS: Opcode = Opcode { part: 4, ..op(2, 1, 0x18) };
    /// Of one 32-bit element in memory.
    pub const VPBROADCASTD: Opcode = Opcode { part: 4, ..op(2, 1, 0x58) };
    pub const VPMAXSD: Opcode = op(2, 1, 0x3D);
    /// EVEX; the register is the source.
    pub const VPMOVUSDB: Opcode = Opcode { part: 2, ..op(2, 2, 0x11) };
    pub const VPACKUSDW: Opcode = op(2, 1, 0x2B);
    pub const VPACKUSWB: Opcode = op(1, 1, 0x67);
    /// VEX with W = 1.
    /// Of one 16-bit element in memory.
    pub const VPBROADCASTW: Opcode = Opcode { part: 5, ..op(2, 1, 0x79) };
    /// VEX; 64 bits of the register to memory.
    pub const VMOVQ_STORE: Opcode = op(1, 1, 0xD6);
    pub const VPERMQ: Opcode = Opcode { wide: true, ..op(3, 1, 0x00) };
    pub const VPDPBUSD: Opcode = op(2, 1, 0x50);
}

/// Machine code under construction.
#[derive(Debug, Default)]
pub struct Code {
    bytes: Vec<u8>,
    instructions: u64,
}

impl Code {
    /// The bytes so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes so far: the offset of the next instruction.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Number of instructions so far.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// EVEX form; `mask` is a mask register 1 to 7, or 0 for none, `zero` clears masked lanes.
    pub fn evex(
        &mut self,
        opcode: Opcode,
        length: Length,
        [reg, second]: [Reg; 2],
        last: Operand,
        (mask, zero): (u8, bool),
    ) {
        debug_assert!(reg < 32 && second < 32 && mask < 8);
        self.instructions += 1;
        let not = |bit: bool, at: u8| u8::from(!bit) << at;
        let (x, b, broadcast) = match last {
            Operand::Reg(rm) => (rm & 16 != 0, rm & 8 != 0, false),
            Operand::Mem(base, _) => (false, base as u8 & 8 != 0, false),
            Operand::Broadcast(base, _) => (false, base as u8 & 8 != 0, true),
        };
        self.bytes.extend([
            0x62,
            not(reg & 8 != 0, 7) | not(x, 6) | not(b, 5) | not(reg & 16 != 0, 4) | opcode.map,
            u8::from(opcode.wide) << 7 | (!second & 15) << 3 | 1 << 2 | opcode.prefix,
            u8::from(zero) << 7
                | (length as u8) << 5
                | u8::from(broadcast) << 4
                | not(second & 16 != 0, 3)
                | mask,
            opcode.byte,
        ]);
        let full: i32 = 16 << length as u8;
        let unit = match last {
            Operand::Broadcast(..) => 4,
            // One element, whatever the vector.
            _ if opcode.part == 4 => 4,
            _ if opcode.part == 5 => 2,
            _ => full >> opcode.part,
        };
        self.address(reg, last, unit);
    }

    /// VEX form, two-byte where possible.
    pub fn vex(&mut self, opcode: Opcode, length: Length, [reg, second]: [Reg; 2], last: Operand) {
        debug_assert!(reg < 16 && second < 16 && length != Length::Zmm);
        self.instructions += 1;
        let b = match last {
            Operand::Reg(rm) => rm & 8 != 0,
            Operand::Mem(base, _) | Operand::Broadcast(base, _) => base as u8 & 8 != 0,
        };
        let r = u8::from(reg & 8 == 0) << 7;
        let tail = (!second & 15) << 3 | (length as u8) << 2 | opcode.prefix;
        if opcode.map == 1 && !opcode.wide && !b {
            self.bytes.extend([0xC5, r | tail, opcode.byte]);
        } else {
            let b = u8::from(!b) << 5;
            let wide = u8::from(opcode.wide) << 7;
            self.bytes.extend([0xC4, r | 1 << 6 | b | opcode.map, wide | tail, opcode.byte]);
        }
        self.address(reg, last, 1);
    }

    /// ModRM and displacement; `unit` is the N of disp8·N (1 under VEX).
    fn address(&mut self, reg: Reg, last: Operand, unit: i32) {
        let reg = (reg & 7) << 3;
        match last {
            Operand::Reg(rm) => self.bytes.push(0xC0 | reg | rm & 7),
            Operand::Mem(base, displacement) | Operand::Broadcast(base, displacement) => {
                // None of the bases is rsp, rbp, r12 or r13, which need other forms.
                let base = base as u8 & 7;
                let short = i8::try_from(displacement / unit).ok();
                match short.filter(|_| displacement % unit == 0) {
                    Some(0) => self.bytes.push(reg | base),
                    Some(short) => self.bytes.extend([0x40 | reg | base, short as u8]),
                    None => {
                        self.bytes.push(0x80 | reg | base);
                        self.bytes.extend(displacement.to_le_bytes());
                    }
                }
            }
        }
    }

    /// One immediate byte after the last instruction.
    pub fn immediate(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// `kmovw k, [base + displacement]`: 16 mask bits from memory.
    pub fn load_mask(&mut self, mask: u8, base: Base, displacement: i32) {
        let kmovw = op(1, 0, 0x90);
        self.vex(kmovw, Length::Xmm, [mask, 0], Operand::Mem(base, displacement));
    }

    /// `prefetcht1 [base + displacement]`: a line towards the second-level cache.
    pub fn prefetch(&mut self, base: Base, displacement: i32) {
        self.instructions += 1;
        self.bytes.extend([0x40 | (base as u8) >> 3, 0x0F, 0x18]);
        self.address(2, Operand::Mem(base, displacement), 1);
    }

    /// `vzeroupper`, `ret`.
    pub fn leave(&mut self) {
        self.instructions += 2;
        self.bytes.extend([0xC5, 0xF8, 0x77, 0xC3]);
    }

    /// Pads with `int3` to a multiple of 64 bytes.
    pub fn align(&mut self) {
        while !self.bytes.len().is_multiple_of(64) {
            self.bytes.push(0xCC);
        }
    }
}
