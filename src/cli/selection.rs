//! The arguments that say what to simulate, shared by the commands that simulate.

use std::path::{Path, PathBuf};

use super::common::{load_workload, parse_names, schemes_of, weights_of};
use crate::{
    Result,
    arch::{self, CpuArch},
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
}

/// What to simulate, read and checked.
pub(super) struct Resolved {
    pub arch: CpuArch,
    pub workload: Workload,
    pub weights: WeightSource,
    pub schemes: Vec<Scheme>,
    pub methods: Vec<&'static dyn Method>,
    pub options: PlanOptions,
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
        let options = PlanOptions { seed: self.seed, ..PlanOptions::default() };
        Ok(Resolved { arch, workload, weights, schemes, methods, options })
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
        }
    }
}
