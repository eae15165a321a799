//! The report of one mapped problem: the contract of `--format json` for accelerators.

use serde::Serialize;

use super::instance::InstanceReport;
use signloop_accelerator::{
    model::{Evaluation, Flow, RankWords, TensorCost, Words},
    problem::{DensitySpec, Problem},
    sparse::Rules,
};
use signloop_machine::{
    accelerator::{Accelerator, Storage},
    energy::{SCALINGS, SramQuery},
};

/// Version of the report's format.
pub const SCHEMA: &str = "signloop-accelerator-1";

/// Everything about one mapped problem.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AcceleratorReport {
    /// Format version, [`SCHEMA`].
    pub schema: &'static str,
    /// `exact`, or `timeloop` with its roundings.
    pub rules: &'static str,
    /// The accelerator's name.
    pub arch: String,
    /// The problem's name.
    pub problem: String,
    /// Cycles of the whole run.
    pub cycles: u64,
    /// Energy of the whole run.
    pub energy_pj: f64,
    /// The operations.
    pub compute: ComputeReport,
    /// Storage levels, innermost first.
    pub levels: Vec<LevelReport>,
}

/// What becomes of the operations, in all units.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComputeReport {
    /// Name of the units.
    pub name: String,
    /// Operations of the problem.
    pub operations: u64,
    /// Operations done, expected.
    pub actual: u64,
    /// Operations gated.
    pub gated: u64,
    /// Operations skipped by the units or by savings of their operands.
    pub skipped: u64,
    /// Cycles of the units alone.
    pub cycles: u64,
    /// Busy unit cycles of the available ones, 0 to 1.
    pub utilization: f64,
    /// Energy, leakage included.
    pub energy_pj: f64,
}

/// One storage level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelReport {
    /// Name.
    pub name: String,
    /// Cycles that its ports need.
    pub cycles: u64,
    /// Words its tiles need at most, of one instance.
    pub words_needed: u64,
    /// Words of one instance, where bounded.
    pub words_available: Option<u64>,
    /// Leakage of all instances.
    pub leak_pj: f64,
    /// `stated` in the description, or `interpolated` from the table of SRAM energies.
    pub energy_from: &'static str,
    /// Where its energies come from.
    pub energy_source: String,
    /// The tensors that it keeps.
    pub tensors: Vec<TensorReport>,
}

/// Accesses of one kind in all instances, rounded to whole words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Accesses {
    /// Words if nothing were zero.
    pub dense: u64,
    /// Words moved.
    pub actual: u64,
    /// Words gated.
    pub gated: u64,
    /// Words skipped.
    pub skipped: u64,
    /// Metadata units moved, of all ranks.
    pub metadata: u64,
    /// Metadata units gated or skipped.
    pub metadata_saved: u64,
}

/// One tensor at one level, all instances together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TensorReport {
    /// Name.
    pub name: String,
    /// Its density model.
    pub density: &'static str,
    /// Words of the tile without zeros left out.
    pub tile_words: u64,
    /// Instances in use, on average.
    pub instances: f64,
    /// Words read.
    pub reads: Accesses,
    /// Words written, coming from outside.
    pub fills: Accesses,
    /// Words written, coming from inside.
    pub updates: Accesses,
    /// Energy.
    pub energy_pj: f64,
    /// The same accesses in one instance that is in use, as Timeloop states them.
    pub per_instance: InstanceReport,
}

impl AcceleratorReport {
    /// Puts names to an evaluation.
    #[must_use]
    pub fn new(
        accelerator: &Accelerator,
        problem: &Problem,
        evaluation: &Evaluation,
        rules: Rules,
    ) -> Self {
        let compute = &evaluation.compute;
        let levels = accelerator.levels.iter().zip(&evaluation.levels).map(|(storage, cost)| {
            let tensors = problem
                .tensors
                .iter()
                .zip(&cost.tensors)
                .filter(|(_, cost)| cost.kept)
                .map(|(tensor, cost)| tensor_report(&tensor.name, &tensor.density, cost))
                .collect();
            LevelReport {
                name: storage.name.clone(),
                cycles: cost.cycles,
                words_needed: cost.words_needed,
                words_available: storage.capacity_words,
                leak_pj: cost.leak_pj,
                energy_from: match storage.energy.interpolated {
                    None => "stated",
                    Some(_) => "interpolated",
                },
                energy_source: energy_source(storage),
                tensors,
            }
        });
        Self {
            schema: SCHEMA,
            rules: match rules {
                Rules::Exact => "exact",
                Rules::Timeloop => "timeloop",
            },
            arch: accelerator.name.clone(),
            problem: problem.name.clone(),
            cycles: evaluation.score.cycles,
            energy_pj: evaluation.score.energy_pj,
            compute: ComputeReport {
                name: accelerator.compute.name.clone(),
                operations: compute.operations,
                actual: whole(compute.flow.actual),
                gated: whole(compute.flow.gated),
                skipped: whole(compute.flow.skipped),
                cycles: compute.cycles,
                utilization: compute.utilization,
                energy_pj: compute.energy_pj,
            },
            levels: levels.collect(),
        }
    }
}

fn energy_source(storage: &Storage) -> String {
    let Some(SramQuery { bytes, width_bits, node_nm, scaling }) = storage.energy.interpolated
    else {
        return storage.source.to_string();
    };
    let name = SCALINGS.iter().find(|(_, own)| *own == scaling).map_or("", |(name, _)| name);
    format!(
        "CACTI 7.0 runs (arch/data/sram.csv), interpolated at {bytes} bytes, {width_bits} bits an \
         access, {node_nm} nm, scaling {name}"
    )
}

/// The nearest whole number of an expectation.
fn whole(expected: f64) -> u64 {
    expected.round().max(0.0) as u64
}

fn tensor_report(name: &str, density: &DensitySpec, cost: &TensorCost) -> TensorReport {
    let mapped = cost.mapped_instances as f64;
    let kind = |dense: u64, flow: Flow, part: fn(&Words) -> Flow| {
        let metadata = |ranks: &[RankWords]| {
            ranks
                .iter()
                .flat_map(|rank| [part(&rank.metadata), part(&rank.payload)])
                .fold((0.0, 0.0), |(moved, saved), flow| {
                    (moved + flow.actual, saved + flow.gated + flow.skipped)
                })
        };
        let (moved, saved) = metadata(&cost.ranks);
        Accesses {
            dense: whole(dense as f64 * mapped),
            actual: whole(flow.actual * cost.instances),
            gated: whole(flow.gated * cost.instances),
            skipped: whole(flow.skipped * cost.instances),
            metadata: whole(moved * cost.instances),
            metadata_saved: whole(saved * cost.instances),
        }
    };
    TensorReport {
        name: name.to_owned(),
        density: match density {
            DensitySpec::Dense => "dense",
            DensitySpec::Uniform(_) => "uniform",
            DensitySpec::Structured(_) => "structured",
            DensitySpec::Banded(_) => "banded",
        },
        tile_words: cost.tile_words,
        instances: cost.instances,
        reads: kind(cost.dense_reads, cost.words.read, |words| words.read),
        fills: kind(cost.dense_fills, cost.words.fill, |words| words.fill),
        updates: kind(cost.dense_updates, cost.words.update, |words| words.update),
        energy_pj: cost.energy_pj,
        per_instance: InstanceReport::new(cost),
    }
}
