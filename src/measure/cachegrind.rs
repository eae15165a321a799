//! Instruction and data counts of a kernel run, from valgrind's cachegrind.
//!
//! The tool runs `signloop measure` on itself under cachegrind twice, with more runs the second
//! time; the difference is that of the extra runs alone. Valgrind has no AVX-512, so the AVX2
//! kernels are counted. Ours come from the generator: reads and writes from the emitted memory
//! operands, instructions from the emitted code. What is not generated (widening of integer inputs,
//! the loops over blocks) is counted for the reads and writes, not for the instructions.

use std::{path::Path, process::Command};

use serde::Serialize;

use super::{Measurement, table::activation_name};
use crate::{Error, Result, diagnostics::Problem, report::grid};

/// Difference of counts that is tolerated.
pub const COUNT_BAND: f64 = 0.03;

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

/// Rounds of the longer run; the shorter has one. What the rest of the program does differs by some
/// thousand instructions from run to run, so the kernel must outweigh it.
const ROUNDS: u32 = 41;
/// Runs of the kernel that the longer run has beyond the shorter: two a round.
const EXTRA_RUNS: f64 = 80.0;

/// A kernel's counts, ours and cachegrind's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountedRow {
    /// Layer, scheme, method, activations.
    pub name: [String; 4],
    /// Vector adds, from the schedule.
    pub adds: u64,
    /// By the generator.
    pub ours: Counted,
    /// By cachegrind.
    pub cachegrind: Counted,
}

impl CountedRow {
    /// Instructions, reads and writes: ours over cachegrind's, less one.
    #[must_use]
    pub fn errors(&self) -> [f64; 3] {
        let (ours, theirs) = (self.ours, self.cachegrind);
        [
            ours.instructions / theirs.instructions - 1.0,
            ours.reads / theirs.reads - 1.0,
            ours.writes / theirs.writes - 1.0,
        ]
    }
}

/// Whether all counts keep to the band.
#[must_use]
pub fn counts_within(rows: &[CountedRow]) -> bool {
    rows.iter().flat_map(CountedRow::errors).all(|error| error.abs() <= COUNT_BAND)
}

/// Counts every kernel of a measurement under AVX2, one run each. `source` are the arguments of
/// `signloop measure` that name the workload and its weights.
///
/// # Errors
/// valgrind is not installed, or a run fails under it.
pub fn count_rows(measured: &Measurement, source: &[String]) -> Result<Vec<CountedRow>> {
    let mut rows = Vec::new();
    for row in &measured.layers {
        let (Some(steps), Some((reads, writes)), Some(instructions)) =
            (row.steps, row.memory_accesses, row.instructions)
        else {
            continue;
        };
        let name = [
            row.layer.clone(),
            row.scheme.to_string(),
            row.method.clone(),
            activation_name(row.activations),
        ];
        let mut arguments = source.to_vec();
        for (flag, value) in ["--layer", "--scheme", "--kernel", "--activations"].iter().zip(&name)
        {
            arguments.extend([(*flag).to_owned(), value.clone()]);
        }
        rows.push(CountedRow {
            name,
            adds: steps.adds * row.blocks as u64,
            ours: Counted {
                instructions: instructions as f64,
                reads: reads as f64,
                writes: writes as f64,
            },
            cachegrind: count(&arguments)?,
        });
    }
    Ok(rows)
}

/// The counts as a table with the verdict.
#[must_use]
pub fn count_table(rows: &[CountedRow]) -> String {
    let mut table = grid(&[
        "layer",
        "scheme",
        "kernel",
        "act",
        "adds",
        "instructions",
        "error_%",
        "reads",
        "error_%",
        "writes",
        "error_%",
    ]);
    for row in rows {
        let [layer, scheme, method, activations] = row.name.clone();
        let [instructions, reads, writes] = row.errors().map(|e| format!("{:+.2}", e * 100.0));
        table.add_row([
            layer,
            scheme,
            method,
            activations,
            row.adds.to_string(),
            format!("{:.0}", row.ours.instructions),
            instructions,
            format!("{:.0}", row.ours.reads),
            reads,
            format!("{:.0}", row.ours.writes),
            writes,
        ]);
    }
    let text: String =
        table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n");
    let worst = rows.iter().flat_map(CountedRow::errors).fold(0.0_f64, |w, e| w.max(e.abs()));
    format!(
        "{text}\ncounts of the generated AVX2 code, errors against cachegrind: largest {:.2} %, {} the band of {:.0} %\n",
        worst * 100.0,
        if counts_within(rows) { "within" } else { "outside" },
        COUNT_BAND * 100.0
    )
}

/// Counts one run of a kernel.
fn count(arguments: &[String]) -> Result<Counted> {
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
            .args(["--rounds", rounds, "--seconds", "3600", "--format", "json", "--out"])
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
    let (few, many) = (run("1")?, run(&ROUNDS.to_string())?);
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
