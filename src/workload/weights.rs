//! Where a workload's weights come from, and the store that hands them out layer by layer.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
};

use rayon::prelude::*;

use super::{
    LatentFile, Layer,
    import::{Rename, read_bytes},
    shipped,
};
use crate::{
    Error, Result,
    config::{Bounds, TableReader},
    diagnostics::{Problem, Problems},
    quant::{
        PackedWeights, QuantizeOptions, QuantizedTensor, Randomness, Scheme, quantize, synthesise,
    },
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
    /// Ternary 0.5 and signed-binary 0.35, the densities of the review thread.
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
    fn density(&self, scheme: Scheme) -> f64 {
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

/// The weights of one scheme, opened.
#[derive(Debug)]
pub struct WeightStore {
    scheme: Scheme,
    seed: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Packed(PackedWeights),
    Latent { file: Arc<LatentFile>, options: QuantizeOptions },
    Synthetic(SyntheticWeights),
}

impl WeightStore {
    /// Opens the weights of one scheme. `seed` draws synthetic weights.
    ///
    /// # Errors
    /// The source has no such scheme, or its file is not readable.
    pub fn open(source: &WeightSource, scheme: Scheme, seed: u64) -> Result<Self> {
        let absent = || -> Error {
            let names: Vec<&str> = source.schemes().into_iter().map(Scheme::name).collect();
            Problem::new(format!("the workload has no {scheme} weights"))
                .hint(format!("it has `{}`; bring others with --weights", names.join("`, `")))
                .into()
        };
        let content = match source {
            WeightSource::Synthetic(synthetic) => Content::Synthetic(*synthetic),
            WeightSource::Packed(files) => {
                let (_, path) = files.iter().find(|(own, _)| *own == scheme).ok_or_else(absent)?;
                let bytes = match shipped::weights(path) {
                    Some(bytes) => Cow::Borrowed(bytes),
                    None => Cow::Owned(read_bytes(path)?),
                };
                let packed = PackedWeights::parse(&path.display().to_string(), &bytes)?;
                if packed.scheme != scheme {
                    let message =
                        format!("expected {scheme} weights, found {} weights", packed.scheme);
                    let name = path.display().to_string();
                    return Err(Problem::new(message).in_file(&name).into());
                }
                Content::Packed(packed)
            }
            WeightSource::Latent { files, options, rename } => {
                let (_, path) = files
                    .iter()
                    .find(|(own, _)| *own == Some(scheme))
                    .or_else(|| files.iter().find(|(own, _)| own.is_none()))
                    .ok_or_else(absent)?;
                let options = QuantizeOptions { scheme, ..*options };
                Content::Latent { file: LatentFile::open(path)?.renamed(rename)?.into(), options }
            }
            WeightSource::Held { tensors, options } => Content::Latent {
                file: Arc::clone(tensors),
                options: QuantizeOptions { scheme, ..*options },
            },
        };
        Ok(Self { scheme, seed, content })
    }

    /// Where the weights come from, in words.
    #[must_use]
    pub fn provenance(&self) -> String {
        match &self.content {
            Content::Packed(packed) => packed.provenance.clone(),
            Content::Latent { file, .. } => format!("quantised from {}", file.name()),
            Content::Synthetic(synthetic) => format!(
                "synthetic, density {}, spread {}, seed {}",
                synthetic.density(self.scheme),
                synthetic.density_spread,
                self.seed
            ),
        }
    }

    /// The quantised weights of a layer.
    ///
    /// # Errors
    /// The tensor is absent, of another shape, or holds NaN or infinity.
    pub fn layer(&self, layer: &Layer) -> Result<QuantizedTensor, Problem> {
        let shape = layer.shape.weight_shape();
        let expected = [shape.filters, shape.channels, shape.kernel_height, shape.kernel_width];
        match &self.content {
            Content::Synthetic(synthetic) => {
                let density = synthetic.density(self.scheme);
                let seed = layer_seed(self.seed, &layer.name);
                let randomness = Randomness { density, spread: synthetic.density_spread, seed };
                synthesise(self.scheme, shape, randomness)
            }
            Content::Packed(packed) => {
                let tensor = packed.tensor(&layer.tensor)?;
                if tensor.shape() != shape {
                    let found = tensor.shape();
                    let found =
                        [found.filters, found.channels, found.kernel_height, found.kernel_width];
                    return Err(wrong_shape(layer, &expected, &found));
                }
                Ok(tensor.clone())
            }
            Content::Latent { file, options } => {
                let tensor = file.tensor(&layer.tensor)?;
                // A linear layer is K×C in PyTorch and K×C×1×1 here.
                let found: Vec<usize> = match tensor.shape.as_slice() {
                    [filters, channels] => vec![*filters, *channels, 1, 1],
                    other => other.to_vec(),
                };
                if found != expected {
                    return Err(wrong_shape(layer, &expected, &found).in_file(file.name()));
                }
                quantize(&tensor.values, shape, options).map_err(|problem| {
                    Problem::new(format!("tensor `{}`: {}", layer.tensor, problem.message()))
                        .in_file(file.name())
                })
            }
        }
    }

    /// The weights of many layers; all problems at once.
    ///
    /// # Errors
    /// Every layer that has no fitting weights.
    pub fn layers<'a>(
        &self,
        layers: impl Iterator<Item = &'a Layer>,
    ) -> Result<Vec<QuantizedTensor>> {
        let layers: Vec<&Layer> = layers.collect();
        // Collected in order, so problems and tensors do not depend on the thread count.
        let read: Vec<_> = layers.into_par_iter().map(|layer| self.layer(layer)).collect();
        let mut problems = Problems::new();
        let mut tensors = Vec::with_capacity(read.len());
        for outcome in read {
            match outcome {
                Ok(tensor) => tensors.push(tensor),
                Err(problem) => problems.push(problem),
            }
        }
        Ok(problems.into_result(tensors)?)
    }
}

fn wrong_shape(layer: &Layer, expected: &[usize], found: &[usize]) -> Problem {
    Problem::new(format!(
        "tensor `{}` has the shape {found:?}, layer `{}` needs {expected:?}",
        layer.tensor, layer.name
    ))
    .hint("the order is filters, channels per group, kernel rows, kernel columns")
}

/// A seed of its own for every layer, so that adding a layer leaves the others as they were.
fn layer_seed(seed: u64, name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), seed)
}
