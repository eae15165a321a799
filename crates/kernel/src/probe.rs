//! Micro-kernels that measure a core: rates of vector operations, and bandwidths.

#![expect(unsafe_code, reason = "machine code is called")]

use std::time::Instant;

pub use super::probe_kinds::{Probe, Stream};
use super::{
    buffer::Buffer,
    x86::{
        Executable,
        encode::{Base, Code, Length, Opcode, Operand, ops},
    },
};
use signloop_base::Result;
use signloop_lower::Isa;

/// Instructions of a probe's body.
const BODY: usize = 960;
/// Bytes that memory probes touch again and again.
const NEAR: usize = 8192;
/// Vectors that a bandwidth body moves.
const STREAM: usize = 128;

type Body = unsafe extern "sysv64" fn(*mut u8);

struct Assembler {
    isa: Isa,
    code: Code,
}

impl Assembler {
    fn new(isa: Isa) -> Self {
        let mut own = Self { isa, code: Code::default() };
        for register in 0..own.registers() {
            let zero = if own.wide() { ops::VPXORD } else { ops::VXORPS };
            own.emit(zero, [register, register], Operand::Reg(register));
        }
        own
    }

    fn wide(&self) -> bool {
        self.isa == Isa::Avx512
    }

    fn registers(&self) -> u8 {
        if self.wide() { 32 } else { 16 }
    }

    fn vector(&self) -> usize {
        self.isa.vector_bytes()
    }

    fn emit(&mut self, opcode: Opcode, registers: [u8; 2], last: Operand) {
        if self.wide() {
            self.code.evex(opcode, Length::Zmm, registers, last, (0, false));
        } else {
            self.code.vex(opcode, Length::Ymm, registers, last);
        }
    }

    fn finish(mut self) -> Result<Executable> {
        self.code.leave();
        Executable::new(self.code.bytes())
    }
}

/// Instructions a nanosecond, the fastest of many runs.
///
/// # Errors
/// The system grants no executable memory.
pub fn rate(isa: Isa, probe: Probe) -> Result<f64> {
    let mut code = Assembler::new(isa);
    let spare = code.registers() - 2;
    for index in 0..BODY {
        let register = (index % usize::from(spare)) as u8;
        let place = |shift: usize| {
            let offset = index * code.vector() % NEAR + shift;
            Operand::Mem(Base::Rdi, offset as i32)
        };
        let near = Operand::Reg(spare);
        let (opcode, registers, last) = match probe {
            Probe::Fp32Add => (ops::VADDPS, [register, register], near),
            Probe::Fp32AddAlternating if index % 2 == 0 => {
                (ops::VADDPS, [register, register], near)
            }
            Probe::Fp32AddAlternating | Probe::MultiplyAdd => {
                (ops::VFMADD231PS, [register, spare + 1], near)
            }
            Probe::Int8Add => (ops::VPADDB, [register, register], near),
            Probe::Int16Add => (ops::VPADDW, [register, register], near),
            Probe::Int32Add => (ops::VPADDD, [register, register], near),
            // Not with itself, which would be recognised as zeroing.
            Probe::Logic if code.wide() => (ops::VPXORD, [register, register], near),
            Probe::Logic => (ops::VXORPS, [register, register], near),
            Probe::Load => (ops::VMOVUPS_LOAD, [register, 0], place(0)),
            Probe::UnalignedLoad => (ops::VMOVUPS_LOAD, [register, 0], place(4)),
            Probe::Store => (ops::VMOVUPS_STORE, [register, 0], place(0)),
        };
        code.emit(opcode, registers, last);
    }
    let code = code.finish()?;
    let mut near = Buffer::<u8>::new(NEAR + 128);
    let mut best = f64::INFINITY;
    for _ in 0..30 {
        let begin = Instant::now();
        for _ in 0..100 {
            call(&code, &mut near);
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    Ok(BODY as f64 * 100.0 / best * 1e-9)
}

/// Bytes a nanosecond (GB/s) of a stream over a buffer of so many bytes, again and again.
///
/// # Errors
/// The system grants no executable memory.
pub fn bandwidth(isa: Isa, stream: Stream, bytes: usize) -> Result<f64> {
    let mut code = Assembler::new(isa);
    let vector = code.vector();
    for index in 0..STREAM {
        let register = (index % 14) as u8;
        let place = Operand::Mem(Base::Rdi, (index * vector) as i32);
        let opcode = match stream {
            Stream::Read => ops::VMOVUPS_LOAD,
            Stream::Write => ops::VMOVUPS_STORE,
        };
        code.emit(opcode, [register, 0], place);
    }
    let code = code.finish()?;
    let step = STREAM * vector;
    let parts = (bytes / step).max(1);
    let mut buffer = Buffer::<u8>::new(parts * step);
    // Enough passes for about 20 ms at 10 GB/s, at least one.
    let passes = (200_000_000 / (parts * step) / 4).clamp(1, 100_000);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begin = Instant::now();
        for _ in 0..passes {
            for part in buffer.chunks_exact_mut(step) {
                call(&code, part);
            }
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    Ok((passes * parts * step) as f64 / best * 1e-9)
}

fn call(code: &Executable, memory: &mut [u8]) {
    // SAFETY: the code was written above with this signature and ends in `ret`.
    let body: Body = unsafe { std::mem::transmute(code.at(0)) };
    // SAFETY: the body touches at most NEAR + 68 or STREAM vectors of the memory, which callers
    // pass in that length; the instruction set was asked for by the caller and is available.
    unsafe { body(memory.as_mut_ptr()) };
}

/// Core clock in GHz from a chain of links of one exclusive or (a cycle) and one multiplication
/// (three cycles on every x86 core since 2008, Agner Fog's instruction tables).
#[must_use]
pub fn clock_ghz() -> f64 {
    const LINKS: u64 = 100_000;
    let factor = std::hint::black_box(0x9E37_79B9_7F4A_7C15_u64);
    let mut best = f64::INFINITY;
    for _ in 0..40 {
        let mut value = std::hint::black_box(3_u64);
        let begin = Instant::now();
        for _ in 0..LINKS {
            // Not by a constant: the compiler would multiply the constants.
            value = value.wrapping_mul(value ^ factor);
        }
        std::hint::black_box(value);
        best = best.min(begin.elapsed().as_secs_f64());
    }
    4.0 * LINKS as f64 / best * 1e-9
}
