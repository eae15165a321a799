//! What this processor and the environment say: the instruction set, the core, the back end.

use signloop_base::diagnostics::Problem;
use signloop_lower::{Activations, Core, Engine, Finishing, Isa, KernelOptions};

/// Environment variable that lowers the instruction set: `scalar`, `neon`, `avx2` or `avx512`.
pub const ISA_VARIABLE: &str = "SIGNLOOP_ISA";

/// Environment variable that forces a back end: `code` or `table`.
pub const ENGINE_VARIABLE: &str = "SIGNLOOP_BACKEND";

/// Whether this processor has an instruction set.
#[must_use]
pub fn is_available(isa: Isa) -> bool {
    match isa {
        Isa::Scalar => true,
        // Part of every 64-bit ARM processor that Rust's targets allow.
        Isa::Neon => cfg!(target_arch = "aarch64"),
        #[cfg(all(target_arch = "x86_64", unix))]
        Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        #[cfg(all(target_arch = "x86_64", unix))]
        Isa::Avx512 => {
            is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
        }
        #[cfg(not(all(target_arch = "x86_64", unix)))]
        Isa::Avx2 | Isa::Avx512 => false,
    }
}

/// The widest instruction set that this processor has.
#[must_use]
pub fn widest_isa() -> Isa {
    Isa::ALL.into_iter().rev().find(|isa| is_available(*isa)).unwrap_or(Isa::Scalar)
}

/// The widest set, or the one that [`ISA_VARIABLE`] names.
///
/// # Errors
/// The variable names no set, or one that this processor lacks.
pub fn detect_isa() -> Result<Isa, Problem> {
    match std::env::var(ISA_VARIABLE) {
        Ok(name) => available_isa(&name),
        Err(_) => Ok(widest_isa()),
    }
}

/// The set of a name, if this processor has it.
///
/// # Errors
/// No set has the name, or this processor lacks it.
pub fn available_isa(name: &str) -> Result<Isa, Problem> {
    let found = Isa::named(name)?;
    if is_available(found) {
        Ok(found)
    } else {
        Err(Problem::new(format!("this processor has no {name}"))
            .hint(format!("it has `{}`", widest_isa().name())))
    }
}

/// The back end that [`ENGINE_VARIABLE`] names, if it is set.
///
/// # Errors
/// The variable names none.
pub fn forced_engine() -> Result<Option<Engine>, Problem> {
    std::env::var(ENGINE_VARIABLE).ok().map(|name| Engine::named(&name)).transpose()
}

/// The core that this runs on, told by its maker.
#[must_use]
pub fn core_here() -> Core {
    #[cfg(target_arch = "x86_64")]
    {
        let leaf = std::arch::x86_64::__cpuid(0);
        // "GenuineIntel" in ebx, edx, ecx.
        if [leaf.ebx, leaf.edx, leaf.ecx].map(u32::to_le_bytes).concat() == b"GenuineIntel" {
            return Core::GoldenCove;
        }
    }
    Core::Zen4
}

/// Options of the widest instruction set allowed, without bias and borders.
///
/// # Errors
/// The environment names an instruction set that the processor lacks, or no back end.
pub fn options_here(
    activations: Activations,
    finishing: Finishing,
) -> Result<KernelOptions, Problem> {
    Ok(KernelOptions {
        activations,
        finishing,
        isa: detect_isa()?,
        engine: forced_engine()?,
        output_padding: 0,
        bias: Vec::new(),
        tile: None,
        cache_bytes: 1 << 20,
    })
}
