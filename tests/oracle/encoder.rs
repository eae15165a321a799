//! Is every instruction that the encoder writes the one that was meant? Held against iced-x86.
#![cfg(all(target_arch = "x86_64", unix))]

use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter, Instruction};
use proptest::prelude::*;
use signloop::kernel::x86::encode::{Base, Code, Length, Opcode, Operand, ops};

const BASES: [(Base, &str); 5] = [
    (Base::Rcx, "rcx"),
    (Base::Rdx, "rdx"),
    (Base::Rsi, "rsi"),
    (Base::Rdi, "rdi"),
    (Base::R8, "r8"),
];

/// Mnemonic and opcode of three-operand instructions (register, register, register or memory).
const THREE: [(&str, Opcode); 15] = [
    ("vaddps", ops::VADDPS),
    ("vsubps", ops::VSUBPS),
    ("vmulps", ops::VMULPS),
    ("vminps", ops::VMINPS),
    ("vmaxps", ops::VMAXPS),
    ("vfmadd231ps", ops::VFMADD231PS),
    ("vfnmadd231ps", ops::VFNMADD231PS),
    ("vpaddw", ops::VPADDW),
    ("vpsubw", ops::VPSUBW),
    ("vpaddd", ops::VPADDD),
    ("vpsubd", ops::VPSUBD),
    ("vpackusdw", ops::VPACKUSDW),
    ("vpackuswb", ops::VPACKUSWB),
    ("vandps", ops::VANDPS),
    ("vxorps", ops::VXORPS),
];

/// Text of the only instruction of the code.
fn disassemble(code: &Code) -> String {
    let mut decoder = Decoder::new(64, code.bytes(), DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    decoder.decode_out(&mut instruction);
    assert_eq!(instruction.len(), code.len(), "one instruction: {:02x?}", code.bytes());
    let mut text = String::new();
    let mut formatter = GasFormatter::new();
    formatter.options_mut().set_gas_naked_registers(false);
    formatter.format(&instruction, &mut text);
    text.replace(' ', "")
}

fn memory(base: usize, displacement: i32) -> String {
    let sign = if displacement < 0 { "-" } else { "" };
    let digits = match displacement.unsigned_abs() {
        0 => String::new(),
        small @ 1..=9 => format!("{sign}{small}"),
        large => format!("{sign}0x{large:x}"),
    };
    format!("{digits}(%{})", BASES[base].1)
}

/// The displacement of a printed memory operand, so that its notation does not matter.
fn displacement(text: &str) -> Option<(i64, String)> {
    let open = text.find('(')?;
    let before = &text[..open];
    let start = before
        .rfind("0x")
        .unwrap_or_else(|| before.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let (start, digits) = (before[..start].trim_end_matches('-').len(), &before[start..]);
    let negative = before[start..].starts_with('-');
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok()?,
        None if digits.is_empty() => 0,
        None => digits.parse().ok()?,
    };
    Some((if negative { -value } else { value }, format!("{}@{}", &text[..start], &text[open..])))
}

fn same(found: &str, expected: &str) -> bool {
    match (displacement(found), displacement(expected)) {
        (Some(found), Some(expected)) => found == expected,
        _ => found == expected,
    }
}

fn offsets() -> impl Strategy<Value = i32> {
    prop_oneof![
        Just(0),
        (-130_i32..130).prop_map(|n| n * 64),
        (-130_i32..130).prop_map(|n| n * 32),
        (-130_i32..130).prop_map(|n| n * 4),
        -200_i32..200,
        any::<i32>(),
    ]
}

proptest! {
    #[test]
    fn three_operand_forms_decode_to_what_was_meant(
        which in 0..THREE.len(), reg in 0_u8..32, second in 0_u8..32, last in 0_u8..32,
        base in 0_usize..5, offset in offsets(), in_memory: bool,
    ) {
        let (name, opcode) = THREE[which];
        let operand = if in_memory { Operand::Mem(BASES[base].0, offset) } else { Operand::Reg(last) };
        let text = |prefix: &str, last: u8| {
            if in_memory { memory(base, offset) } else { format!("%{prefix}{last}") }
        };
        for (length, prefix) in [(Length::Ymm, "ymm"), (Length::Zmm, "zmm")] {
            let mut code = Code::default();
            code.evex(opcode, length, [reg, second], operand, (0, false));
            let expected = format!("{name}{},%{prefix}{second},%{prefix}{reg}", text(prefix, last));
            prop_assert!(same(&disassemble(&code), &expected), "{} {}", disassemble(&code), expected);
        }
        let (reg, second, last) = (reg & 15, second & 15, last & 15);
        let operand = if in_memory { operand } else { Operand::Reg(last) };
        let mut code = Code::default();
        code.vex(opcode, Length::Ymm, [reg, second], operand);
        let expected = format!("{name}{},%ymm{second},%ymm{reg}", text("ymm", last));
        prop_assert!(same(&disassemble(&code), &expected), "{} {}", disassemble(&code), expected);
    }

    #[test]
    fn moves_and_masks_decode_to_what_was_meant(
        reg in 0_u8..32, base in 0_usize..5, offset in offsets(), mask in 1_u8..8,
    ) {
        let at = Operand::Mem(BASES[base].0, offset);
        let place = memory(base, offset);
        let one = |build: &dyn Fn(&mut Code)| {
            let mut code = Code::default();
            build(&mut code);
            disassemble(&code)
        };
        let evex = |opcode, length, last| one(&|code: &mut Code| code.evex(opcode, length, [reg, 0], last, (0, false)));
        let checks = [
            (evex(ops::VMOVUPS_LOAD, Length::Zmm, at), format!("vmovups{place},%zmm{reg}")),
            (evex(ops::VMOVUPS_STORE, Length::Zmm, at), format!("vmovups%zmm{reg},{place}")),
            (evex(ops::VPMOVUSDB, Length::Zmm, at), format!("vpmovusdb%zmm{reg},{place}")),
            (evex(ops::VBROADCASTSS, Length::Zmm, at), format!("vbroadcastss{place},%zmm{reg}")),
            (evex(ops::VPBROADCASTW, Length::Zmm, at), format!("vpbroadcastw{place},%zmm{reg}")),
            (evex(ops::VPMOVZXWD, Length::Zmm, Operand::Reg(reg ^ 1)), format!("vpmovzxwd%ymm{},%zmm{reg}", reg ^ 1)),
            (evex(ops::VPMOVSXWD, Length::Zmm, Operand::Reg(reg ^ 1)), format!("vpmovsxwd%ymm{},%zmm{reg}", reg ^ 1)),
            (evex(ops::VCVTDQ2PS, Length::Zmm, Operand::Reg(reg ^ 1)), format!("vcvtdq2ps%zmm{},%zmm{reg}", reg ^ 1)),
            (evex(ops::VCVTPS2DQ, Length::Zmm, Operand::Reg(reg ^ 1)), format!("vcvtps2dq%zmm{},%zmm{reg}", reg ^ 1)),
            (one(&|code: &mut Code| code.evex(ops::VMOVAPS, Length::Zmm, [reg, 0], Operand::Reg(reg ^ 1), (mask, true))),
             format!("vmovaps%zmm{},%zmm{reg}{{%k{mask}}}{{z}}", reg ^ 1)),
            (one(&|code: &mut Code| code.evex(ops::VMULPS, Length::Zmm, [reg, reg ^ 1], Operand::Broadcast(BASES[base].0, offset), (0, false))),
             format!("vmulps{place}{{1to16}},%zmm{},%zmm{reg}", reg ^ 1)),
            (one(&|code: &mut Code| { code.evex(ops::VEXTRACTI64X4, Length::Zmm, [reg, 0], Operand::Reg(reg ^ 1), (0, false)); code.immediate(1); }),
             format!("vextracti64x4$1,%zmm{reg},%ymm{}", reg ^ 1)),
            (one(&|code: &mut Code| code.load_mask(mask, BASES[base].0, offset)), format!("kmovw{place},%k{mask}")),
        ];
        for (found, expected) in checks {
            prop_assert!(same(&found, &expected), "{found} {expected}");
        }
        let low = reg & 15;
        let vex = |opcode, length, last| one(&|code: &mut Code| code.vex(opcode, length, [low, 0], last));
        let checks = [
            (vex(ops::VMOVUPS_LOAD, Length::Ymm, at), format!("vmovups{place},%ymm{low}")),
            (vex(ops::VMOVQ_STORE, Length::Xmm, at), format!("vmovq%xmm{low},{place}")),
            (vex(ops::VPBROADCASTW, Length::Ymm, at), format!("vpbroadcastw{place},%ymm{low}")),
            (one(&|code: &mut Code| { code.vex(ops::VPERMQ, Length::Ymm, [low, 0], Operand::Reg(low ^ 1)); code.immediate(8); }),
             format!("vpermq$8,%ymm{},%ymm{low}", low ^ 1)),
            (one(&|code: &mut Code| { code.vex(ops::VEXTRACTI128, Length::Ymm, [low, 0], Operand::Reg(low ^ 1)); code.immediate(1); }),
             format!("vextracti128$1,%ymm{low},%xmm{}", low ^ 1)),
        ];
        for (found, expected) in checks {
            prop_assert!(same(&found, &expected), "{found} {expected}");
        }
    }
}
