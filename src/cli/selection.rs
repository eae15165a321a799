//! The arguments that say what to simulate, shared by the commands that simulate.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::study::selection::{
    self, iterations_of, load_workload, methods_of, plan_cache, schemes_of, weights_of,
};
use signloop_base::Result;
use signloop_machine as arch;
use signloop_method::PlanOptions;

/// What to simulate, as given.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Selection {
    /// Schemes, comma-separated; those of the weights by default.
    #[arg(long, value_delimiter = ',')]
    pub scheme: Vec<String>,
    /// Methods, comma-separated; all by default.
    #[arg(long, value_delimiter = ',')]
    pub method: Vec<String>,
    /// Weights instead of the workload's own (packed, .safetensors, .npz, .npy).
    #[arg(long)]
    pub weights: Option<PathBuf>,
    /// Seed of synthetic weights and of every random choice.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Local search of shared-sum and shift-shared, in seconds a layer on two cores of the
    /// reference machine; a count of iterations, so that equal efforts give equal results.
    #[arg(long, default_value_t = DEFAULT_EFFORT, value_name = "SECONDS")]
    pub effort: f64,
    /// Plan anew, and keep no plans on disk.
    #[arg(long)]
    pub no_cache: bool,
}

/// Seconds of search where none are given: a default run stays a matter of seconds.
const DEFAULT_EFFORT: f64 = 0.0;

impl Selection {
    /// Reads the files and parses the names.
    pub(super) fn resolve(&self, arch: &Path, workload: &Path) -> Result<selection::Selection> {
        let arch = arch::load(arch)?;
        let workload = load_workload(workload)?;
        let weights = weights_of(&workload, self.weights.as_deref())?;
        let schemes = schemes_of(&self.scheme, &weights)?;
        let methods = methods_of(&self.method)?;
        let search_iterations = iterations_of(self.effort)?;
        let options = PlanOptions { seed: self.seed, search_iterations, ..PlanOptions::default() };
        let cache = plan_cache(!self.no_cache)?;
        Ok(selection::Selection { arch, workload, weights, schemes, methods, options, cache })
    }
}

/// Says on standard error when kept plans turned out damaged.
pub(super) fn warn_of_damage(damaged: u64) {
    if damaged > 0 {
        let _ = writeln!(
            anstream::stderr(),
            "warning: {damaged} damaged entries of the plan cache were planned anew"
        );
    }
}
