//! Where a workload's weights come from: the `[weights]` table, or a file given beside it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::latent::{LatentFile, Rename, read_bytes};
use crate::quant::{PackedWeights, QuantizeOptions, Scheme};
use signloop_base::{
    Result,
    config::{Bounds, TableReader},
    diagnostics::Problem,
};

/// The source named by a workload's `[weights]`, or by `--weights`.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightSource {
    /// Bit-packed files, one a scheme.
    Packed(Vec<(Scheme, PathBuf)>),
    /// Latent weights, quantised when they are read.
    Latent {
        /// One file for every scheme, or one a scheme where each was trained apart.
        files: Vec<(Option<Scheme>, PathBuf)>,
        /// How they are quantised; the scheme in it is replaced by the one asked for.
        options: QuantizeOptions,
        /// Names of the file's tensors to names of layers.
        rename: Vec<Rename>,
    },
    /// Latent weights in memory, quantised as `options` says.
    Held {
        /// The tensors.
        tensors: Arc<LatentFile>,
        /// How they are quantised; the scheme in it is replaced by the one asked for.
        options: QuantizeOptions,
    },
    /// Seeded random weights.
    Synthetic(SyntheticWeights),
}

/// Densities of synthetic weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyntheticWeights {
    /// Density under `ternary`.
    pub ternary_density: f64,
    /// Density under `signed-binary`.
    pub signed_binary_density: f64,
    /// Density under `zero-one`.
    pub zero_one_density: f64,
    /// Half-width of the uniform distribution of a filter's own density; 0 is i.i.d.
    pub density_spread: f64,
}

impl Default for SyntheticWeights {
    /// Ternary 0.5 and signed-binary 0.35, the densities of the review thread of arXiv:2312.01581.
    fn default() -> Self {
        Self {
            ternary_density: 0.5,
            signed_binary_density: 0.35,
            zero_one_density: 0.35,
            density_spread: 0.0,
        }
    }
}

impl SyntheticWeights {
    pub(super) fn density(&self, scheme: Scheme) -> f64 {
        match scheme {
            Scheme::Binary => 1.0,
            Scheme::Ternary => self.ternary_density,
            Scheme::SignedBinary => self.signed_binary_density,
            Scheme::ZeroOne => self.zero_one_density,
        }
    }
}

/// Reads the `[weights]` table.
pub(super) fn read_source(table: &TableReader<'_>, folder: &Path) -> Option<WeightSource> {
    #[derive(Clone, Copy, PartialEq)]
    enum Format {
        Packed,
        Latent,
        Synthetic,
    }
    let formats = [
        ("packed", Format::Packed),
        ("safetensors", Format::Latent),
        ("npz", Format::Latent),
        ("npy", Format::Latent),
        ("synthetic", Format::Synthetic),
    ];
    if !table.has("format") {
        table.require("format");
    }
    let format = table.opt_choice("format", &formats)?.value;
    let source = if format == Format::Synthetic {
        let default = SyntheticWeights::default();
        let density = |key, default: f64| {
            table.opt_number(key, Bounds::<f64>::FRACTION).map_or(default, |found| found.value)
        };
        Some(WeightSource::Synthetic(SyntheticWeights {
            ternary_density: density("ternary_density", default.ternary_density),
            signed_binary_density: density("signed_binary_density", default.signed_binary_density),
            zero_one_density: density("zero_one_density", default.zero_one_density),
            density_spread: density("density_spread", default.density_spread),
        }))
    } else {
        let files = read_files(table, folder);
        if format == Format::Packed {
            let files: Vec<(Scheme, PathBuf)> =
                files.into_iter().filter_map(|(scheme, path)| Some((scheme?, path))).collect();
            if files.is_empty() {
                table.push(Problem::new("packed weights need a file for each scheme").at(
                    table.file(),
                    table.span(),
                    "expected `files = { binary = \"…\" }`",
                ));
            }
            (!files.is_empty()).then_some(WeightSource::Packed(files))
        } else {
            if files.is_empty() {
                table.push(Problem::new("the weights need a file").at(
                    table.file(),
                    table.span(),
                    "expected `file = \"…\"`",
                ));
            }
            let options = read_quantize(table.opt_nested("quantise").as_ref());
            let rename = read_renames(table);
            (!files.is_empty()).then_some(WeightSource::Latent { files, options, rename })
        }
    };
    table.finish();
    source
}

fn read_files(table: &TableReader<'_>, folder: &Path) -> Vec<(Option<Scheme>, PathBuf)> {
    let mut files = Vec::new();
    if let Some(file) = table.opt_text("file") {
        files.push((None, folder.join(file.value)));
    }
    if let Some(nested) = table.opt_nested("files") {
        for scheme in Scheme::ALL {
            if let Some(file) = nested.opt_text(scheme.name()) {
                files.push((Some(scheme), folder.join(file.value)));
            }
        }
        nested.finish();
    }
    files
}

fn read_renames(table: &TableReader<'_>) -> Vec<Rename> {
    let mut renames = Vec::new();
    for entry in table.tables("rename") {
        let (from, to) = (entry.text("from"), entry.text("to"));
        if let (Some(from), Some(to)) = (from, to) {
            match Rename::new(&from.value, &to.value) {
                Ok(rename) => renames.push(rename),
                Err(message) => entry.problem("impossible rename", from.span, message),
            }
        }
        entry.finish();
    }
    renames
}

fn read_quantize(table: Option<&TableReader<'_>>) -> QuantizeOptions {
    use crate::quant::{Assignment, ScaleRule, Scope, Threshold};
    let mut options = QuantizeOptions::default();
    let Some(table) = table else { return options };
    if let Some(share) = table.opt_number("threshold_of_max", Bounds::<f64>::FRACTION) {
        options.threshold = Threshold::MaxFraction(share.value);
    }
    if let Some(share) = table.opt_number("threshold_of_mean", Bounds::<f64>::POSITIVE) {
        options.threshold = Threshold::MeanFraction(share.value);
    }
    if let Some(scope) =
        table.opt_choice("threshold_scope", &[("filter", Scope::Filter), ("layer", Scope::Layer)])
    {
        options.threshold_scope = scope.value;
    }
    let scales =
        [("filter", ScaleRule::Filter), ("layer", ScaleRule::Layer), ("one", ScaleRule::One)];
    if let Some(scale) = table.opt_choice("scale", &scales) {
        options.scale = scale.value;
    }
    let assignments = [
        ("half", Assignment::Half),
        ("interleaved", Assignment::Interleaved),
        ("random", Assignment::Random { seed: 0 }),
    ];
    if let Some(assignment) = table.opt_choice("assignment", &assignments) {
        options.assignment = assignment.value;
    }
    if let Some(seed) = table.opt_integer("assignment_seed", Bounds::<u64>::NATURAL) {
        options.assignment = Assignment::Random { seed: seed.value };
    }
    if let Some(channels) = table.opt_integer("region_channels", Bounds::<u64>::POSITIVE) {
        options.region = crate::quant::Region::Tile { channels: channels.value as usize };
    }
    table.finish();
    options
}

impl WeightSource {
    /// The files that the weights are read from.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let files: Vec<&Path> = match self {
            Self::Packed(files) => files.iter().map(|(_, path)| path.as_path()).collect(),
            Self::Latent { files, .. } => files.iter().map(|(_, path)| path.as_path()).collect(),
            Self::Held { .. } | Self::Synthetic(_) => Vec::new(),
        };
        files.into_iter()
    }

    /// The source of a file given on the command line, by its kind.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = read_bytes(path)?;
        if PackedWeights::recognises(&bytes) {
            let packed = PackedWeights::parse(&path.display().to_string(), &bytes)?;
            return Ok(Self::Packed(vec![(packed.scheme, path.to_owned())]));
        }
        let files = vec![(None, path.to_owned())];
        Ok(Self::Latent { files, options: QuantizeOptions::default(), rename: Vec::new() })
    }

    /// The schemes that the source can give, in table order.
    #[must_use]
    pub fn schemes(&self) -> Vec<Scheme> {
        let has = |scheme: Scheme| match self {
            Self::Packed(files) => files.iter().any(|(own, _)| *own == scheme),
            Self::Latent { files, .. } => {
                files.iter().any(|(own, _)| own.is_none_or(|own| own == scheme))
            }
            Self::Held { .. } | Self::Synthetic(_) => true,
        };
        Scheme::ALL.into_iter().filter(|scheme| has(*scheme)).collect()
    }

    /// Schemes simulated when none is named: those of the published comparison, if there.
    #[must_use]
    pub fn default_schemes(&self) -> Vec<Scheme> {
        self.schemes().into_iter().filter(|scheme| *scheme != Scheme::ZeroOne).collect()
    }
}
