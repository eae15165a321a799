//! Instruction and data counts of a kernel run, from valgrind's cachegrind.
//!
//! The tool runs `signloop measure` on itself under cachegrind twice, with more runs the second
//! time; the difference is that of the extra runs alone. Valgrind has no AVX-512, so the AVX2
//! kernels are counted. Generated code has no symbol and is counted apart from the rest of the
//! program by that, so this needs a program that is not stripped.

use std::{path::Path, process::Command};

use serde::Serialize;

use super::{Measurement, names::activation_name};
use crate::report::grid;
use signloop_base::{Error, Result, diagnostics::Problem};

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

/// Rounds of the longer run; the shorter has one.
const ROUNDS: u32 = 11;
/// Runs of the kernel that the longer run has beyond the shorter: two a round.
const EXTRA_RUNS: f64 = 20.0;

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
    /// Instructions that cachegrind counts outside the generated code, over those within: loops
    /// over blocks, widening of integers, clocks.
    pub outside: f64,
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
        let (cachegrind, outside) = count(&arguments)?;
        rows.push(CountedRow {
            name,
            adds: steps.adds * row.blocks as u64,
            ours: Counted {
                instructions: instructions as f64,
                reads: reads as f64,
                writes: writes as f64,
            },
            cachegrind,
            outside: outside / cachegrind.instructions,
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
        "outside_%",
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
            format!("{:.1}", row.outside * 100.0),
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

/// Counts one run of a kernel: within the generated code, and instructions outside it.
fn count(arguments: &[String]) -> Result<(Counted, f64)> {
    let program = std::env::current_exe()
        .map_err(|error| Error::io("find", Path::new("this program"), error))?;
    let folder = tempfile::tempdir()
        .map_err(|error| Error::io("make", Path::new("a temporary folder"), error))?;
    let run = |rounds: &str| -> Result<[f64; 4]> {
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
    Ok((Counted { instructions: each(0), reads: each(1), writes: each(2) }, each(3)))
}

/// Ir, Dr and Dw of code without a symbol, and Ir of all other.
fn totals(text: &str) -> Option<[f64; 4]> {
    let events: Vec<&str> =
        text.lines().find_map(|line| line.strip_prefix("events: "))?.split_whitespace().collect();
    let index = |name: &str| events.iter().position(|event| *event == name);
    let columns = [index("Ir")?, index("Dr")?, index("Dw")?];
    let mut unnamed = false;
    let mut sums = [0.0; 4];
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            unnamed = name == "???";
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            // A line number, then the events.
            let values: Vec<f64> =
                line.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>().ok()?;
            for (sum, column) in sums.iter_mut().zip(columns).filter(|_| unnamed) {
                *sum += values.get(column)?;
            }
            sums[3] += if unnamed { 0.0 } else { *values.get(columns[0])? };
        }
    }
    Some(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_code_is_told_by_its_missing_symbol() {
        let text = "desc: x\nevents: Ir I1mr Dr Dw\nfl=a\nfn=f\n1 2 0 1 1\nfl=???\nfn=???\n0 10 3 20 30\nfn=g\n7 5 0 0 0\nsummary: 17 3 21 31\n";
        assert_eq!(totals(text), Some([10.0, 20.0, 30.0, 7.0]));
        assert_eq!(totals("events: Ir\n"), None);
    }
}
