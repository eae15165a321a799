//! Arguments, exit codes and output streams; one file a command.

use std::{io::Write as _, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{Error, Result};

/// What a low-bit neural network costs on a given machine, counted from its weights.
#[derive(Debug, Parser)]
#[command(name = "signloop", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {}

/// Parses the arguments, runs the command, prints problems on standard error.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {}
}

fn report(error: &Error) -> ExitCode {
    let text = match error {
        Error::Input(problems) => problems.render(true),
        other => format!("error: {other}"),
    };
    // anstream strips the colour where the stream is no terminal or NO_COLOR is set.
    let _ = writeln!(anstream::stderr(), "{text}");
    ExitCode::from(error.exit_code())
}
