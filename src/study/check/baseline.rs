//! The saved numbers of one run, and the tolerances they are held to.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::report::{Report, json};
use signloop_base::{
    Result,
    config::read_text,
    diagnostics::{Problem, SourceFile},
    files::write_atomically,
};

const FORMAT: &str = "signloop-baseline-1";

/// A baseline file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// File format and version.
    pub format: String,
    /// What was simulated, so that the file alone repeats it.
    pub run: Run,
    /// Relative change of each field that is no regression.
    pub tolerances: Tolerances,
    /// One entry per layer, scheme and method, in report order.
    pub entries: Vec<Entry>,
}

/// The arguments of the simulation. Paths are as given, relative to the working folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the arguments of `simulate`")]
pub struct Run {
    pub arch: String,
    pub workload: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    pub schemes: Vec<String>,
    pub methods: Vec<String>,
    pub seed: u64,
    /// Iterations of local search, where there is any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub search_iterations: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Relative changes, as fractions: 0.01 is one percent. Counts are exact by default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerances {
    /// Of adds, multiplies, logic operations and population counts.
    pub ops: f64,
    /// Of bytes moved.
    pub bytes: f64,
    /// Of modelled energy.
    pub energy: f64,
    /// Of modelled cycles.
    pub cycles: f64,
}

impl Default for Tolerances {
    fn default() -> Self {
        // Modelled numbers are deterministic, but their last digits follow the platform's libm.
        Self { ops: 0.0, bytes: 0.0, energy: 1e-6, cycles: 1e-6 }
    }
}

/// The numbers of one layer under one scheme and method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of the report")]
pub struct Entry {
    pub layer: String,
    pub scheme: String,
    pub method: String,
    pub effectual: u64,
    pub adds_total: u64,
    pub multiplies: u64,
    pub scale_muls: u64,
    pub logic_ops: u64,
    pub popcounts: u64,
    pub dram_read_bytes: u64,
    pub dram_write_bytes: u64,
    pub all_levels_bytes: u64,
    pub energy_pj: f64,
    pub cycles: f64,
}

/// One field of an entry: name, value and the tolerance that applies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Name as in the file.
    pub name: &'static str,
    /// Value. Counts above 2^53 lose their last digits here and are compared as integers before.
    pub value: f64,
    /// The exact value of a count.
    pub count: Option<u64>,
    /// Relative tolerance.
    pub tolerance: f64,
}

impl Entry {
    /// The compared fields in file order.
    #[must_use]
    pub fn fields(&self, tolerances: &Tolerances) -> Vec<Field> {
        let count = |name, count: u64, tolerance| Field {
            name,
            value: count as f64,
            count: Some(count),
            tolerance,
        };
        let number = |name, value, tolerance| Field { name, value, count: None, tolerance };
        vec![
            count("effectual", self.effectual, tolerances.ops),
            count("adds_total", self.adds_total, tolerances.ops),
            count("multiplies", self.multiplies, tolerances.ops),
            count("scale_muls", self.scale_muls, tolerances.ops),
            count("logic_ops", self.logic_ops, tolerances.ops),
            count("popcounts", self.popcounts, tolerances.ops),
            count("dram_read_bytes", self.dram_read_bytes, tolerances.bytes),
            count("dram_write_bytes", self.dram_write_bytes, tolerances.bytes),
            count("all_levels_bytes", self.all_levels_bytes, tolerances.bytes),
            number("energy_pj", self.energy_pj, tolerances.energy),
            number("cycles", self.cycles, tolerances.cycles),
        ]
    }

    /// `layer, scheme, method`, which names an entry.
    #[must_use]
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.layer, &self.scheme, &self.method)
    }
}

impl Baseline {
    /// The numbers of a report.
    #[must_use]
    pub fn of(report: &Report, run: Run, tolerances: Tolerances) -> Self {
        let entries = report
            .layers
            .iter()
            .flat_map(|layer| layer.results.iter().map(move |result| (layer, result)))
            .map(|(layer, result)| {
                let (read, write) = crate::report::dram_bytes(&result.traffic);
                let counts = result.ops.counts;
                Entry {
                    layer: layer.name.clone(),
                    scheme: result.scheme.clone(),
                    method: result.method.clone(),
                    effectual: result.weights.effectual,
                    adds_total: result.ops.adds_total,
                    multiplies: counts.multiplies,
                    scale_muls: counts.scale_muls,
                    logic_ops: counts.logic_ops,
                    popcounts: counts.popcounts,
                    dram_read_bytes: read,
                    dram_write_bytes: write,
                    all_levels_bytes: result
                        .traffic
                        .iter()
                        .map(|row| row.read_bytes + row.write_bytes)
                        .sum(),
                    energy_pj: result.energy_pj.total.0,
                    cycles: result.cycles.total.0,
                }
            })
            .collect();
        Self { format: FORMAT.to_owned(), run, tolerances, entries }
    }

    /// Reads a baseline file.
    ///
    /// # Errors
    /// The file is missing, not JSON, of another format, or its tolerances are no fractions.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&SourceFile::new(path.display().to_string(), read_text(path)?))
    }

    /// Parses a baseline's text.
    ///
    /// # Errors
    /// As [`Baseline::read`].
    pub fn parse(file: &SourceFile) -> Result<Self> {
        let baseline: Self = serde_json::from_str(file.text()).map_err(|error| {
            let at = offset(file.text(), error.line(), error.column());
            let message = error.to_string();
            Problem::new("the baseline is not readable").at(file, at..at + 1, message)
        })?;
        if baseline.format != FORMAT {
            let message = format!("expected the format `{FORMAT}`, found `{}`", baseline.format);
            return Err(Problem::new(message).in_file(file.name()).into());
        }
        let Tolerances { ops, bytes, energy, cycles } = baseline.tolerances;
        for (name, value) in
            [("ops", ops), ("bytes", bytes), ("energy", energy), ("cycles", cycles)]
        {
            if !(value.is_finite() && value >= 0.0) {
                let message = format!("the tolerance `{name}` must be 0 or more, found {value}");
                return Err(Problem::new(message).in_file(file.name()).into());
            }
        }
        Ok(baseline)
    }

    /// Writes the baseline, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_atomically(path, json(self)?.as_bytes())
    }
}

/// Byte offset of a 1-based line and column.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}
