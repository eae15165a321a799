//! Arguments, exit codes and output streams; one file a command.

mod accelerate;
mod adds;
mod cache;
mod calibrate;
mod check;
mod common;
mod completions;
mod crosscheck;
mod data;
mod gain;
mod import;
mod kernels;
mod list;
mod man;
mod map;
mod measure;
mod merge;
mod ops_table;
mod pack;
mod plot;
mod program;
mod progress;
mod reproduce;
mod schema;
mod selection;
mod simulate;
mod stats;
mod sweep;
mod train;

use std::{io::Write as _, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use signloop_base::{Error, Result};

/// What a low-bit neural network costs on a given machine, counted from its weights.
///
/// Exit codes: 0 done, 1 a regression found by `check` or a fault of the tool, 2 bad input
/// (nothing was written), 130 stopped by Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "signloop", version = env!("SIGNLOOP_VERSION"))]
struct Arguments {
    /// Memory that the files of a command may take together, as `4GiB` or `512MiB`.
    #[arg(long, global = true, value_name = "SIZE", default_value = "2GiB",
          value_parser = common::memory_size)]
    max_memory: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Operations, memory traffic, cycles and energy of a network on a machine.
    Simulate(simulate::Args),
    /// Density, entropy and repetition of a network's weights.
    Stats(stats::Args),
    /// Hold op counts, bytes, energy and cycles against a saved baseline.
    Check(check::Args),
    /// Other tools' descriptions into this tool's.
    Import(import::Args),
    /// Every combination of machines, networks, schemes, methods and swept keys, as CSV.
    Sweep(sweep::Args),
    /// Join the shards of a sweep.
    Merge(merge::Args),
    /// Measure this machine and write its description.
    Calibrate(calibrate::Args),
    /// Hold the model's times against measured ones.
    Crosscheck(crosscheck::Args),
    /// Time compiled kernels on this machine.
    Measure(measure::Args),
    /// The shipped machines, workloads, methods and schemes.
    List,
    /// The published ops-reduction figures beside our counts.
    OpsTable(ops_table::Args),
    /// The op program of one layer: counts, JSON or Graphviz.
    Program(program::Args),
    /// Figures for papers from a report: SVG, PDF, PNG, CSV and PGFPlots.
    Plot(plot::Args),
    /// Energy, throughput and density of schemes against a baseline on accelerators, and what
    /// of it follows from density alone.
    Gain(gain::Args),
    /// Search mappings of a network on an accelerator: the front of energy and cycles.
    Map(map::Args),
    /// Adds per output position of one random layer over seeds, or of a network's trained layers
    /// beside random ones.
    Adds(adds::Args),
    /// The plans kept on disk: how many, how large, and their removal.
    Cache(cache::Args),
    /// Every claim of the published thread, computed again, with a verdict and figures.
    Reproduce(reproduce::Args),
    /// The JSON Schema of a kind of file, for editors.
    Schema(schema::Args),
    /// Completions for a shell.
    Completions(completions::Args),
    /// Manual pages.
    Man(man::Args),
    /// Quantise a network's latent weights into a bit-packed file.
    Pack(pack::Args),
    /// Train a network with quantised weights, and pack them.
    Train(train::Args),
    /// How to get the data sets for `train`, and whether they are whole.
    Data(data::Args),
}

/// Parses the arguments, runs the command, prints problems on standard error.
#[must_use]
pub fn main() -> ExitCode {
    report_large_files();
    let _command = signloop_base::files::Command::begin();
    let arguments = Arguments::parse();
    signloop_base::memory::set_limit(arguments.max_memory);
    match common::start_threads().and_then(|()| run(arguments)) {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

/// A write beyond the limit on file sizes (`ulimit -f`) ends a process where it stands, with its
/// temporary file left behind. With any handler the write fails instead, and is reported.
fn report_large_files() {
    #[cfg(unix)]
    {
        use std::sync::{Arc, atomic::AtomicBool};
        // Without the handler nothing but that message is lost.
        let _ = signal_hook::flag::register(
            signal_hook::consts::SIGXFSZ,
            Arc::new(AtomicBool::new(false)),
        );
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Check(arguments) => return check::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Stats(arguments) => stats::run(&arguments),
        Command::Sweep(arguments) => sweep::run_sweep(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Calibrate(arguments) => calibrate::run(&arguments),
        Command::Crosscheck(arguments) => return crosscheck::run(&arguments),
        Command::Measure(arguments) => measure::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Man(arguments) => man::run(&arguments, Arguments::command()),
        Command::List => list::run(),
        Command::Gain(arguments) => gain::run(&arguments),
        Command::Map(arguments) => map::run(&arguments),
        Command::Adds(arguments) => adds::run(&arguments),
        Command::Cache(arguments) => cache::run(&arguments),
        Command::Pack(arguments) => pack::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Data(arguments) => data::run(&arguments),
        Command::OpsTable(arguments) => ops_table::run(&arguments),
        Command::Program(arguments) => program::run(&arguments),
        Command::Plot(arguments) => plot::run(&arguments),
        Command::Reproduce(arguments) => reproduce::run_command(&arguments),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn report(error: &Error) -> ExitCode {
    let text = match error {
        // A reader that has seen enough (`| head`) is no failure.
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Error::Input(problems) => problems.render(true),
        other => format!("error: {other}"),
    };
    // anstream strips the colour where the stream is no terminal or NO_COLOR is set.
    let _ = writeln!(anstream::stderr(), "{text}");
    ExitCode::from(error.exit_code())
}
