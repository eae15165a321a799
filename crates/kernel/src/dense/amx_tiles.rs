//! The tiles of [`super::amx::Amx`]: configuration, and the product of 32 pixels × 32 filters.
//!
//! The intrinsics are not in stable Rust, so the instructions stand in inline assembly. Formats:
//! Intel SDM, volume 1, chapter 18; permission: Linux, Documentation/arch/x86/xstate.rst.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "inline assembly, and a system call for the permission")
)]

/// Pixels and filters of a product: two tiles of 16 each way.
pub const SIDE: usize = 32;

/// Whether the processor has 8-bit tiles and the system saves them; asks for the permission.
pub fn available() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    {
        static AVAILABLE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *AVAILABLE.get_or_init(|| {
            let leaves = std::arch::x86_64::__cpuid(0).eax;
            // Leaf 7, EDX: bit 24 AMX-TILE, bit 25 AMX-INT8.
            const NEEDED: u32 = 1 << 24 | 1 << 25;
            if leaves < 7 || std::arch::x86_64::__cpuid_count(7, 0).edx & NEEDED != NEEDED {
                return false;
            }
            const ARCH_REQ_XCOMP_PERM: libc::c_int = 0x1023;
            const XFEATURE_XTILEDATA: libc::c_long = 18;
            // SAFETY: the call changes nothing but this process's permission.
            unsafe {
                libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0
            }
        })
    }
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    false
}

/// Shows that this thread's tiles are configured; the number is the channels of a tile.
pub struct Tiles(usize);

/// `palette`, starting row, bytes of a row and rows of eight tiles: the memory of `ldtilecfg`.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Inputs of a product.
pub struct Product<'a> {
    /// All activations.
    pub input: &'a [u8],
    /// First value of the first pixel.
    pub from: usize,
    /// Values between neighbouring pixels.
    pub step: usize,
    /// Distances of taps and runs of channels from a pixel.
    pub steps: &'a [usize],
    /// For each of them two tiles of four channels, filter, channel of the four.
    pub weights: &'a [i8],
}

/// Configures the tiles for so many channels, calls, and releases them.
///
/// # Panics
/// The channels are not 4, 8, …, 64.
pub fn with_tiles(channels: usize, body: impl FnOnce(&Tiles)) {
    assert!((4..=64).contains(&channels) && channels.is_multiple_of(4), "channels of a tile");
    let mut own = Configuration {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes: [0; 16],
        rows: [0; 16],
    };
    // 0 to 3 hold sums, 4 and 5 pixels, 6 and 7 weights.
    for tile in 0..8 {
        own.row_bytes[tile] = if matches!(tile, 4 | 5) { channels as u16 } else { 64 };
        own.rows[tile] = if tile >= 6 { (channels / 4) as u8 } else { 16 };
    }
    // SAFETY: an `Amx` is run only where AMX is available (or emulated), and the memory is a
    // whole configuration.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("ldtilecfg [{own}]", own = in(reg) &raw const own,
            options(nostack, readonly, preserves_flags));
    }
    body(&Tiles(channels));
    // SAFETY: as above.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("tilerelease", options(nostack, nomem, preserves_flags));
    }
}

/// Sums of 32 pixels, each with those of 32 filters.
///
/// # Panics
/// A pixel, a tap or a weight lies outside.
pub fn product(tiles: &Tiles, own: &Product<'_>, sums: &mut [i32; SIDE * SIDE]) {
    let reach = own.steps.iter().max().unwrap_or(&0) + (SIDE - 1) * own.step + tiles.0;
    assert!(own.from + reach <= own.input.len(), "pixels in the input");
    assert_eq!(own.weights.len(), own.steps.len() * tiles.0 * SIDE, "weights of all steps");
    assert!(!own.steps.is_empty(), "a layer has a tap");
    // SAFETY: a tile of pixels is 16 rows of `tiles.0` bytes, `step` apart, from `from` and a
    // step's distance on; the reach of all was asserted. Tiles of weights are read in order, as
    // many as asserted. Sums are written as 2 × 2 tiles of 16 × 16 with rows of 128 bytes. The
    // compiler keeps nothing in tile registers.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "mov {pixels}, [{steps}]",
            "add {steps}, 8",
            "add {pixels}, {input}",
            "tileloadd tmm4, [{pixels} + {step}*1]",
            "add {pixels}, {half}",
            "tileloadd tmm5, [{pixels} + {step}*1]",
            "tileloadd tmm6, [{weights} + {line}*1]",
            "add {weights}, {tile}",
            "tileloadd tmm7, [{weights} + {line}*1]",
            "add {weights}, {tile}",
            "tdpbusd tmm0, tmm4, tmm6",
            "tdpbusd tmm1, tmm4, tmm7",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "dec {left}",
            "jnz 2b",
            "add {line}, {line}",
            "tilestored [{sums} + {line}*1], tmm0",
            "tilestored [{sums} + {line}*1 + 64], tmm1",
            "tilestored [{sums} + {line}*1 + 2048], tmm2",
            "tilestored [{sums} + {line}*1 + 2112], tmm3",
            pixels = out(reg) _,
            steps = inout(reg) own.steps.as_ptr() => _,
            input = in(reg) own.input.as_ptr().add(own.from),
            step = in(reg) own.step,
            half = in(reg) 16 * own.step,
            weights = inout(reg) own.weights.as_ptr() => _,
            line = inout(reg) 64_usize => _,
            tile = in(reg) 16 * tiles.0,
            left = inout(reg) own.steps.len() => _,
            sums = in(reg) sums.as_mut_ptr(),
            options(nostack),
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    sums.fill(0);
}
