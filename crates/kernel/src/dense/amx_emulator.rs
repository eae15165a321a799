//! The tile instructions of AMX in software, for tests on processors without them: the signal of
//! the illegal instruction is caught, the instruction decoded by `iced-x86` and done here.
//!
//! Semantics: Intel SDM, volume 2, LDTILECFG, TDPBUSD, TILELOADD, TILERELEASE, TILESTORED, TILEZERO.

#![expect(unsafe_code, reason = "a signal handler that reads and writes registers")]

use std::{cell::UnsafeCell, sync::Once};

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, Register};

use super::amx_tiles::available;

/// Eight tiles of 16 rows of 64 bytes, and how much of each is configured.
struct Tiles {
    rows: [usize; 8],
    row_bytes: [usize; 8],
    data: [[[u8; 64]; 16]; 8],
}

thread_local! {
    static TILES: UnsafeCell<Tiles> = const {
        UnsafeCell::new(Tiles { rows: [0; 8], row_bytes: [0; 8], data: [[[0; 64]; 16]; 8] })
    };
}

/// Calls, with tile instructions of the processor or of this module.
pub(super) fn with_amx(body: impl FnOnce()) {
    static INSTALLED: Once = Once::new();
    if !available() {
        INSTALLED.call_once(|| {
            // SAFETY: a zeroed action with a handler and flags is valid; the handler has the
            // signature that SA_SIGINFO asks for.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = on_illegal as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO;
                assert_eq!(
                    libc::sigaction(libc::SIGILL, &raw const action, std::ptr::null_mut()),
                    0
                );
            }
        });
    }
    body();
}

/// # Safety
/// Called by the system with the context of the thread that met the instruction.
unsafe extern "C" fn on_illegal(
    _signal: libc::c_int,
    _info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the third argument is a `ucontext_t`; the instruction pointer leads to code, of
    // which an instruction takes at most 15 bytes; the tiles are this thread's, which waits here.
    unsafe {
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        let at = registers[libc::REG_RIP as usize] as u64;
        let code = std::slice::from_raw_parts(at as *const u8, 15);
        let own = Decoder::with_ip(64, code, at, DecoderOptions::NONE).decode();
        if TILES.with(|tiles| step(&mut *tiles.get(), &own, registers)).is_none() {
            // Some other illegal instruction: the default is to die of it.
            libc::signal(libc::SIGILL, libc::SIG_DFL);
            return;
        }
        registers[libc::REG_RIP as usize] = own.next_ip() as i64;
    }
}

/// # Safety
/// The memory that the instruction names can be read or written.
unsafe fn step(tiles: &mut Tiles, own: &Instruction, registers: &[i64; 23]) -> Option<()> {
    let tile = |operand| (own.op_register(operand) as usize).wrapping_sub(Register::TMM0 as usize);
    let value = |register| general(register).map(|index| registers[index] as usize);
    let base = value(own.memory_base()).unwrap_or(0) + own.memory_displacement64() as usize;
    let row = |row: usize| base + row * value(own.memory_index()).unwrap_or(0);
    // SAFETY: as promised by the caller; rows and bytes are those of the configuration.
    unsafe {
        match own.mnemonic() {
            Mnemonic::Ldtilecfg => {
                let bytes = (base as *const [u8; 64]).read();
                assert_eq!(bytes[0], 1, "palette 1");
                for tile in 0..8 {
                    let width = [bytes[16 + 2 * tile], bytes[17 + 2 * tile]];
                    tiles.row_bytes[tile] = usize::from(u16::from_le_bytes(width));
                    tiles.rows[tile] = usize::from(bytes[48 + tile]);
                }
                tiles.data = [[[0; 64]; 16]; 8];
            }
            Mnemonic::Tilerelease => tiles.rows = [0; 8],
            Mnemonic::Tilezero => tiles.data[tile(0)] = [[0; 64]; 16],
            Mnemonic::Tileloadd => {
                let to = tile(0);
                tiles.data[to] = [[0; 64]; 16];
                for at in 0..tiles.rows[to] {
                    let width = tiles.row_bytes[to];
                    let from = std::slice::from_raw_parts(row(at) as *const u8, width);
                    tiles.data[to][at][..width].copy_from_slice(from);
                }
            }
            Mnemonic::Tilestored => {
                let from = tile(1);
                for at in 0..tiles.rows[from] {
                    let width = tiles.row_bytes[from];
                    std::slice::from_raw_parts_mut(row(at) as *mut u8, width)
                        .copy_from_slice(&tiles.data[from][at][..width]);
                }
            }
            Mnemonic::Tdpbusd => multiply(tiles, [tile(0), tile(1), tile(2)]),
            _ => return None,
        }
    }
    Some(())
}

/// Sums of products of unsigned bytes of the second tile and signed ones of the third.
fn multiply(tiles: &mut Tiles, [to, a, b]: [usize; 3]) {
    assert_eq!(tiles.row_bytes[a], 4 * tiles.rows[b], "inner sizes agree");
    for m in 0..tiles.rows[to] {
        for n in 0..tiles.row_bytes[to] / 4 {
            let place = 4 * n..4 * n + 4;
            let mut sum =
                i32::from_le_bytes(tiles.data[to][m][place.clone()].try_into().unwrap_or_default());
            for k in 0..tiles.row_bytes[a] {
                let unsigned = i32::from(tiles.data[a][m][k]);
                let signed = i32::from(tiles.data[b][k / 4][4 * n + k % 4] as i8);
                sum = sum.wrapping_add(unsigned * signed);
            }
            tiles.data[to][m][place].copy_from_slice(&sum.to_le_bytes());
        }
    }
}

/// Place of a 64-bit register in the context.
fn general(register: Register) -> Option<usize> {
    Some(match register {
        Register::RAX => libc::REG_RAX,
        Register::RBX => libc::REG_RBX,
        Register::RCX => libc::REG_RCX,
        Register::RDX => libc::REG_RDX,
        Register::RSI => libc::REG_RSI,
        Register::RDI => libc::REG_RDI,
        Register::RBP => libc::REG_RBP,
        Register::RSP => libc::REG_RSP,
        Register::R8 => libc::REG_R8,
        Register::R9 => libc::REG_R9,
        Register::R10 => libc::REG_R10,
        Register::R11 => libc::REG_R11,
        Register::R12 => libc::REG_R12,
        Register::R13 => libc::REG_R13,
        Register::R14 => libc::REG_R14,
        Register::R15 => libc::REG_R15,
        _ => return None,
    } as usize)
}
