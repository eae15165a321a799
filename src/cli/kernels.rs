//! The arguments that say which kernels to measure, shared by `measure` and `crosscheck`.

use std::{path::PathBuf, time::Duration};

use super::{
    common::{load_workload, parse_names, schemes_of, weights_of},
    progress::spinner,
};
use crate::study::measure::{Effort, Measurement, Settings, cache_bytes, measure_layers};
use signloop_base::{Result, diagnostics::Problem};
use signloop_kernel::Isa;
use signloop_network::workload::{Layer, Workload};

/// Which kernels to measure, as given.
#[derive(Debug, clap::Args)]
pub(super) struct KernelSelection {
    /// Network: a TOML file or a shipped name.
    #[arg(long)]
    pub workload: PathBuf,
    /// Layers, comma-separated; all quantised ones by default.
    #[arg(long, value_delimiter = ',')]
    pub layer: Vec<String>,
    /// Schemes, comma-separated; those of the weights by default.
    #[arg(long, value_delimiter = ',')]
    pub scheme: Vec<String>,
    /// Methods that are compiled, or dense competitors (`gemm-fp32`, `dense-int8`,
    /// `dense-amx`), comma-separated.
    #[arg(long, value_delimiter = ',')]
    pub kernel: Vec<String>,
    /// Activation types, comma-separated: `fp32`, `u1` to `u8`.
    #[arg(long, value_delimiter = ',', default_value = "fp32,u8")]
    pub activations: Vec<String>,
    /// Weights instead of the workload's own (packed, .safetensors, .npz, .npy).
    #[arg(long)]
    pub weights: Option<PathBuf>,
    /// Measure independent random weights of the same density beside the given ones.
    #[arg(long)]
    pub iid: bool,
    /// Seed of synthetic weights.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Rounds at most, for each layer.
    #[arg(long, default_value_t = 200)]
    pub rounds: usize,
    /// Seconds at most, for each layer.
    #[arg(long, default_value_t = 1.0)]
    pub seconds: f64,
}

impl KernelSelection {
    /// Measures what was selected, `kernels` where none is named.
    pub(super) fn measure(
        &self,
        kernels: &[&str],
        isa: Isa,
        threads: usize,
    ) -> Result<Measurement> {
        let workload = load_workload(&self.workload)?;
        let weights = weights_of(&workload, self.weights.as_deref())?;
        let default = || kernels.iter().map(|name| (*name).to_owned()).collect();
        let settings = Settings {
            layers: layers(&workload, &self.layer)?,
            weights: &weights,
            iid: self.iid,
            seed: self.seed,
            schemes: schemes_of(&self.scheme, &weights)?,
            methods: if self.kernel.is_empty() { default() } else { self.kernel.clone() },
            activations: parse_names(&self.activations, str::parse)?,
            isa,
            threads,
            cache_bytes: cache_bytes(2).unwrap_or(1 << 20),
            effort: effort(self.rounds, self.seconds)?,
        };
        let progress = spinner();
        let measured = measure_layers(&settings, |layer| {
            progress.set_message(layer.to_owned());
            progress.tick();
        });
        progress.finish_and_clear();
        measured
    }

    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &std::path::Path> {
        std::iter::once(self.workload.as_path()).chain(self.weights.as_deref())
    }

    /// The arguments that name the workload and its weights, for a run of this program in a run.
    pub(super) fn source(&self) -> Vec<String> {
        let path = |path: &std::path::Path| path.display().to_string();
        let mut source = vec!["--workload".to_owned(), path(&self.workload)];
        source.extend(["--seed".to_owned(), self.seed.to_string()]);
        if let Some(weights) = &self.weights {
            source.extend(["--weights".to_owned(), path(weights)]);
        }
        source
    }
}

/// The named quantised layers, or all.
fn layers<'a>(workload: &'a Workload, names: &[String]) -> Result<Vec<&'a Layer>> {
    if names.is_empty() {
        return Ok(workload.quantized_layers().collect());
    }
    parse_names(names, |name| workload.quantized_layer(name))
}

/// Rounds and seconds in bounds.
pub(super) fn effort(rounds: usize, seconds: f64) -> Result<Effort> {
    if !(1..=1_000_000).contains(&rounds) || !(0.0..=3600.0).contains(&seconds) {
        return Err(Problem::new("--rounds must be 1 to 1000000 and --seconds 0 to 3600").into());
    }
    Ok(Effort { rounds, budget: Duration::from_secs_f64(seconds) })
}
