//! An accelerator and what its dataflow allows: where every search for mappings starts.

use std::path::Path;

use super::constraints::{self, Constraint};
use crate::{
    Error, Result,
    arch::accelerator::{self, Accelerator},
    config::Document,
};

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
        match (accelerator::parse(document), constraints::parse(document)) {
            (Ok(accelerator), Ok(constraints)) => Ok(Self { accelerator, constraints }),
            (Err(Error::Input(mut problems)), Err(Error::Input(more))) => {
                problems.extend(more);
                Err(Error::Input(problems))
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }
}
