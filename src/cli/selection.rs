//! The arguments that say what to simulate, shared by the commands that simulate.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use super::common::{iterations_of, load_workload, parse_names, schemes_of, weights_of};
use crate::{
    Result,
    arch::{self, CpuArch},
    cache::PlanCache,
    method::{Method, PlanOptions, find, registry},
    quant::Scheme,
    report::Request,
    workload::{WeightSource, Workload},
};

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

/// What to simulate, read and checked.
pub(super) struct Resolved {
    pub arch: CpuArch,
    pub workload: Workload,
    pub weights: WeightSource,
    pub schemes: Vec<Scheme>,
    pub methods: Vec<&'static dyn Method>,
    pub options: PlanOptions,
    pub cache: Option<PlanCache>,
}

impl Selection {
    /// Reads the files and parses the names.
    pub(super) fn resolve(&self, arch: &Path, workload: &Path) -> Result<Resolved> {
        let arch = arch::load(arch)?;
        let workload = load_workload(workload)?;
        let weights = weights_of(&workload, self.weights.as_deref())?;
        let schemes = schemes_of(&self.scheme, &weights)?;
        let methods = if self.method.is_empty() {
            registry().to_vec()
        } else {
            parse_names(&self.method, find)?
        };
        let search_iterations = iterations_of(self.effort)?;
        let options = PlanOptions { seed: self.seed, search_iterations, ..PlanOptions::default() };
        let cache = if self.no_cache { None } else { PlanCache::of_user() };
        if let Some(cache) = &cache {
            cache.tidy();
        }
        Ok(Resolved { arch, workload, weights, schemes, methods, options, cache })
    }
}

impl Resolved {
    /// The request for the report.
    pub(super) fn request(&self) -> Request<'_> {
        Request {
            arch: &self.arch,
            workload: &self.workload,
            weights: &self.weights,
            schemes: &self.schemes,
            methods: &self.methods,
            options: &self.options,
            cache: self.cache.as_ref(),
            on_result: None,
        }
    }

    /// Says on standard error when kept plans turned out damaged.
    pub(super) fn warn_of_damage(&self) {
        let damaged = self.cache.as_ref().map_or(0, PlanCache::damaged);
        if damaged > 0 {
            let _ = writeln!(
                anstream::stderr(),
                "warning: {damaged} damaged entries of the plan cache were planned anew"
            );
        }
    }
}
