//! Instruction and data counts of a kernel run, from valgrind's cachegrind.
//!
//! The tool runs `signloop measure` on itself under cachegrind twice, with more runs the second
//! time; the difference is that of the extra runs alone. Valgrind has no AVX-512, so the AVX2
//! kernels are counted.

use std::{path::Path, process::Command};

use serde::Serialize;

use crate::{Error, Result, diagnostics::Problem};

/// Counts of one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Counted {
    /// Instructions.
    pub instructions: f64,
    /// Data reads.
    pub reads: f64,
    /// Data writes.
    pub writes: f64,
}

/// Runs of the kernel that `measure --rounds 3` has beyond `--rounds 1`: two a round.
const EXTRA_RUNS: f64 = 4.0;

/// Counts one run of a layer's kernel.
///
/// # Errors
/// valgrind is not installed, or the run fails under it.
pub fn count(arguments: &[&str]) -> Result<Counted> {
    let program = std::env::current_exe()
        .map_err(|error| Error::io("find", Path::new("this program"), error))?;
    let folder = tempfile::tempdir()
        .map_err(|error| Error::io("make", Path::new("a temporary folder"), error))?;
    let run = |rounds: &str| -> Result<[f64; 3]> {
        let out = folder.path().join(format!("cachegrind.{rounds}"));
        let output = Command::new("valgrind")
            .args(["--tool=cachegrind", "--cache-sim=yes", "-q"])
            .arg(format!("--cachegrind-out-file={}", out.display()))
            .arg(&program)
            .arg("measure")
            .args(arguments)
            .args(["--rounds", rounds, "--format", "json", "--out"])
            .arg(folder.path().join("measurement.json"))
            .env("SIGNLOOP_ISA", "avx2")
            .output()
            .map_err(|_| Error::from(Problem::new("valgrind is not installed")))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let last = text.lines().last().unwrap_or_default();
            return Err(Problem::new(format!("the run under valgrind failed: {last}")).into());
        }
        let text = std::fs::read_to_string(&out).map_err(|error| Error::io("read", &out, error))?;
        totals(&text).ok_or_else(|| Error::Internal("cachegrind's output is not readable".into()))
    };
    let (few, many) = (run("1")?, run("3")?);
    let each = |index: usize| (many[index] - few[index]) / EXTRA_RUNS;
    Ok(Counted { instructions: each(0), reads: each(1), writes: each(2) })
}

/// Ir, Dr and Dw of the whole program.
fn totals(text: &str) -> Option<[f64; 3]> {
    let events: Vec<&str> =
        text.lines().find_map(|line| line.strip_prefix("events: "))?.split_whitespace().collect();
    let summary: Vec<&str> =
        text.lines().find_map(|line| line.strip_prefix("summary: "))?.split_whitespace().collect();
    let value = |name: &str| {
        let index = events.iter().position(|event| *event == name)?;
        summary.get(index)?.parse().ok()
    };
    Some([value("Ir")?, value("Dr")?, value("Dw")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found_by_their_names() {
        let text = "desc: x\nevents: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw\nfn=f\n1 2\nsummary: 10 1 1 20 2 2 30 3 3\n";
        assert_eq!(totals(text), Some([10.0, 20.0, 30.0]));
        assert_eq!(totals("events: Ir\n"), None);
    }
}
