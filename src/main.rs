//! The command line; see `signloop help`.

fn main() -> std::process::ExitCode {
    signloop::cli::main()
}
