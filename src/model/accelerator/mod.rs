//! The accelerator model: a mapped problem to accesses, cycles and energy. Pure: no I/O.
//!
//! A mapping becomes a loop nest ([`nest`]); the nest gives the words that move between levels
//! ([`dense`]); formats and sparse features take away what zeros make useless ([`formats`],
//! [`leader`], [`combine`]); bandwidths give cycles and tables give energy. The formulas, and what
//! differs from Timeloop, are in `docs/timeloop-compat.md`.

mod dense;
mod footprint;
mod nest;

