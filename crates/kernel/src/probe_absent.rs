//! Micro-kernels on processors that no machine code is written for: none.

pub use super::probe_kinds::{Probe, Stream};
use signloop_base::{Result, diagnostics::Problem};
use signloop_lower::Isa;

fn absent<T>() -> Result<T> {
    Err(Problem::new("this machine cannot be calibrated: probes exist for x86-64 only").into())
}

/// Always an error here.
///
/// # Errors
/// There are no probes for this processor.
pub fn rate(_isa: Isa, _probe: Probe) -> Result<f64> {
    absent()
}

/// Always an error here.
///
/// # Errors
/// There are no probes for this processor.
pub fn bandwidth(_isa: Isa, _stream: Stream, _bytes: usize) -> Result<f64> {
    absent()
}

/// Unknown here.
#[must_use]
pub fn clock_ghz() -> f64 {
    f64::NAN
}
