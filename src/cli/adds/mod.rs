//! `signloop adds`: random layers, or a network's own beside random ones.

mod arguments;
mod random;
mod trained;

use signloop_base::Result;

pub(super) use arguments::Args;

/// Plans, runs each program on random integers, prints.
pub(super) fn run(arguments: &Args) -> Result<()> {
    match &arguments.workload {
        Some(workload) => trained::run(arguments, workload),
        None => random::run(arguments),
    }
}
