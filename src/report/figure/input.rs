//! The files that a figure is made from.

use std::path::PathBuf;

use signloop_base::{Result, diagnostics::Problem};

/// A file as given.
#[derive(Debug, Clone)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Input {
    /// Its name as printed in messages.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Its content as text.
    pub(super) fn text(&self) -> Result<&str, Problem> {
        std::str::from_utf8(&self.bytes)
            .map_err(|_| Problem::new("the file is not UTF-8 text").in_file(&self.name()))
    }
}

/// The only file of a figure that takes one.
pub(super) fn single<'a>(inputs: &'a [Input], figure: &str) -> Result<&'a Input, Problem> {
    match inputs {
        [input] => Ok(input),
        _ => Err(Problem::new(format!(
            "`{figure}` is made from one file, {} were given",
            inputs.len()
        ))),
    }
}
