//! What executes the passes of a kernel.

use super::table::TableKernel;
#[cfg(all(target_arch = "x86_64", unix))]
use super::{buffer::Buffer, x86::Executable};
use signloop_lower::Engine;

/// What executes the passes.
#[derive(Debug)]
pub(super) enum Body {
    /// Machine code: where each chunk of each pass begins, and the constants that it reads.
    #[cfg(all(target_arch = "x86_64", unix))]
    Code {
        memory: Executable,
        entries: Vec<Vec<usize>>,
        constants: Buffer<u32>,
        bytes: usize,
        accesses: (u64, u64),
        instructions: u64,
    },
    /// Tables for compiled loops.
    Table(TableKernel),
    /// The steps, interpreted.
    Portable,
}

impl Body {
    pub(super) fn engine(&self) -> Engine {
        match self {
            #[cfg(all(target_arch = "x86_64", unix))]
            Self::Code { .. } => Engine::Code,
            Self::Table(_) | Self::Portable => Engine::Table,
        }
    }

    /// Memory reads and writes of one block.
    pub(super) fn accesses(&self) -> Option<(u64, u64)> {
        match self {
            #[cfg(all(target_arch = "x86_64", unix))]
            Self::Code { accesses, .. } => Some(*accesses),
            Self::Table(_) | Self::Portable => None,
        }
    }

    /// Instructions of one block.
    pub(super) fn instructions(&self) -> Option<u64> {
        match self {
            #[cfg(all(target_arch = "x86_64", unix))]
            Self::Code { instructions, .. } => Some(*instructions),
            Self::Table(_) | Self::Portable => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            #[cfg(all(target_arch = "x86_64", unix))]
            Self::Code { bytes, .. } => *bytes,
            Self::Table(table) => table.bytes(),
            Self::Portable => 0,
        }
    }
}
