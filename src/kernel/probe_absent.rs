//! Micro-kernels on processors that no machine code is written for: none.

use super::lanes::Isa;
use crate::{Result, diagnostics::Problem};

/// What is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as on x86-64, where they are measured")]
pub enum Probe {
    Fp32Add,
    Fp32AddAlternating,
    MultiplyAdd,
    Int8Add,
    Int16Add,
    Int32Add,
    Logic,
    Load,
    UnalignedLoad,
    Store,
}

/// Kind of a stream over a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Stream {
    Read,
    Write,
}

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
