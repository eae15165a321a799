//! The weights of one scheme, handed out layer by layer.

use std::{borrow::Cow, sync::Arc};

use rayon::prelude::*;

use super::{
    Layer, SyntheticWeights, WeightSource,
    latent::{LatentFile, read_bytes},
    shipped,
};
use crate::quant::{
    PackedWeights, QuantizeOptions, QuantizedTensor, Randomness, Scheme, quantize, synthesise,
};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, Problems},
    memory,
};

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
        // Every weight's code is a byte.
        let weights = layers.iter().map(|layer| layer.shape.weight_shape().len() as u64);
        let weights = weights.fold(0_u64, u64::saturating_add);
        memory::may_take(weights, &format!("the network's {weights} weights"))?;
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
