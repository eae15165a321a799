//! An accelerator and what its dataflow allows: where every search for mappings starts.

use std::path::Path;

use super::constraints::{self, Constraint};
use signloop_base::{Error, Result, config::Document, diagnostics::Problems};
use signloop_machine::accelerator::{self, Accelerator};

/// An accelerator with the constraints of the same file.
#[derive(Debug, Clone)]
pub struct Design {
    /// The accelerator.
    pub accelerator: Accelerator,
    /// Its tables `[[constraint]]`; there may be none.
    pub constraints: Vec<Constraint>,
}

impl Design {
    /// Opens a file, or a shipped accelerator by name.
    ///
    /// # Errors
    /// There is no such file or name, or every problem of the file.
    pub fn open(path: &Path) -> Result<Self> {
        Self::parse(&accelerator::document(path)?)
    }

    /// Reads a parsed description.
    ///
    /// # Errors
    /// Every problem of the description and of its constraints.
    pub fn parse(document: &Document) -> Result<Self> {
        let mut problems = Problems::new();
        let accelerator = problems.note(accelerator::parse(document))?;
        let constraints = problems.note(constraints::parse(document))?;
        match (accelerator, constraints) {
            (Some(accelerator), Some(constraints)) => Ok(Self { accelerator, constraints }),
            _ => Err(Error::Input(problems)),
        }
    }
}
