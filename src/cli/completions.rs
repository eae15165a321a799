//! `signloop completions`.

use clap_complete::Shell;

use super::common::emit;
use signloop_base::{Error, Result};

/// Arguments of `signloop completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints a script for the shell to source; `command` is the whole command line.
pub(super) fn run(arguments: &Args, mut command: clap::Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "signloop", &mut script);
    let script = String::from_utf8(script).map_err(|error| Error::Internal(error.to_string()))?;
    emit(&script, None)
}
