//! The crate's error type: what the user can mend, and what only we can.

use std::path::{Path, PathBuf};

use crate::diagnostics::Problems;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One or more problems in the input, each with file, span and hint.
    #[error("{0}")]
    Input(#[from] Problems),
    /// A file could not be read or written.
    #[error("failed to {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "read", "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A count left the range of its integer; the input is too large to count.
    #[error("the count `{0}` does not fit in 64 bits")]
    Overflow(&'static str),
    /// The work was stopped by the user.
    #[error("interrupted")]
    Interrupted,
    /// A broken promise inside the tool: please report it.
    #[error("internal error: {0}; please report this with the command that caused it")]
    Internal(String),
}

impl Error {
    /// Wraps an I/O error with the path and what was tried.
    pub fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// The process exit code: 2 for bad input, 130 when interrupted, 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Io { .. } | Self::Overflow(_) => 2,
            Self::Interrupted => 130,
            Self::Internal(_) => 1,
        }
    }
}
