//! What entries work with: layers, weights, counts.

use std::path::PathBuf;

use super::Work;
use crate::report::figure::Input;
use signloop_base::{Error, Result, diagnostics::Problem};
use signloop_method::{OpCounts, PlanOptions, PlanRequest, find};
use signloop_network::{
    quant::{QuantizedTensor, Randomness, Scheme, WeightShape, synthesise},
    workload::{
        DEFAULT_WORKLOAD, LatentFile, Layer, LayerShape, WeightStore, Workload, parse, shipped,
    },
};

/// Files of other commands that decide more claims.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Accuracy of trained runs: files as for `plot accuracy`.
    pub runs: Vec<Input>,
    /// Measured times: JSON of `signloop measure`.
    pub measured: Option<Input>,
    /// Folder with the files of Fashion-MNIST.
    pub fashion_mnist: Option<PathBuf>,
}

/// Shared by all entries.
pub struct Context {
    /// Leaves out what takes minutes.
    pub quick: bool,
    /// Files given.
    pub given: Given,
    /// Where trainings are done.
    pub work: Work,
    /// The network with trained weights.
    pub workload: Workload,
    options: PlanOptions,
}

static LATENTS: &[u8] =
    include_bytes!("../../../workloads/weights/resnet20-cifar10-latents-f16.safetensors");

/// Layers whose latents are shipped: the last convolution of each stage.
pub const LATENT_LAYERS: [&str; 3] = ["layer1.2.conv2", "layer2.2.conv2", "layer3.2.conv2"];

impl Context {
    /// Opens the shipped network.
    ///
    /// # Errors
    /// A shipped file is broken.
    pub fn new(quick: bool, given: Given, work: Work) -> Result<Self> {
        Ok(Self {
            quick,
            given,
            work,
            workload: workload(DEFAULT_WORKLOAD)?,
            options: PlanOptions::default(),
        })
    }

    /// A K×C×R×R convolution on a 14×14 map (counts are per output position: the map's size does
    /// not change them, except for sums shared across pixels).
    ///
    /// # Errors
    /// The shape is impossible.
    pub fn convolution(&self, filters: u64, channels: u64, kernel: u64) -> Result<LayerShape> {
        LayerShape::convolution(channels, filters, 14, kernel)
            .map_err(|error| Error::Internal(error.to_string()))
    }

    /// Seeded i.i.d. weights of a shape.
    ///
    /// # Errors
    /// The density is not within 0 and 1.
    pub fn random(
        &self,
        scheme: Scheme,
        shape: &LayerShape,
        density: f64,
        seed: u64,
    ) -> Result<QuantizedTensor> {
        Ok(synthesise(scheme, shape.weight_shape(), Randomness { density, spread: 0.0, seed })?)
    }

    /// Exact operations per output position.
    ///
    /// # Errors
    /// No method has the name, or a count overflows.
    pub fn counts(
        &self,
        method: &str,
        shape: &LayerShape,
        weights: &QuantizedTensor,
    ) -> Result<OpCounts> {
        let request = PlanRequest::of_shape(shape, weights, &self.options);
        Ok(find(method)?.plan(&request)?.counts)
    }

    /// Adds of the whole layer over dense MACs of the whole layer, inverted: dense MACs / adds.
    ///
    /// # Errors
    /// As [`Context::counts`].
    pub fn reduction(
        &self,
        method: &str,
        shape: &LayerShape,
        weights: &QuantizedTensor,
    ) -> Result<f64> {
        let counts = self.counts(method, shape, weights)?;
        let adds = counts.adds_total(shape.positions())?;
        Ok(shape.dense_macs() as f64 * shape.positions() as f64 / adds.max(1) as f64)
    }

    /// The trained, quantised layers under a scheme, and where they come from in words.
    ///
    /// # Errors
    /// A shipped file is broken.
    pub fn trained(&self, scheme: Scheme) -> Result<(Vec<(&Layer, QuantizedTensor)>, String)> {
        let store = WeightStore::open(&self.workload.weights, scheme, self.options.seed)?;
        let tensors = store.layers(self.workload.quantized_layers())?;
        Ok((self.workload.quantized_layers().zip(tensors).collect(), store.provenance()))
    }

    /// Latent weights of one of `LATENT_LAYERS`, and their shape.
    ///
    /// # Errors
    /// The shipped file is broken.
    pub fn latents(&self, scheme: Scheme, layer: &str) -> Result<(Vec<f32>, WeightShape)> {
        let file = LatentFile::parse(std::path::Path::new("latents.safetensors"), LATENTS)?;
        let tensor = file.tensor(&format!("{scheme}.{layer}.weight"))?;
        let [filters, channels, kernel_height, kernel_width] = tensor.shape[..] else {
            return Err(Error::Internal("latents are no convolution".into()));
        };
        let shape = WeightShape { filters, channels, kernel_height, kernel_width };
        Ok((tensor.values.clone(), shape))
    }
}

/// A shipped workload.
///
/// # Errors
/// None has the name.
pub fn workload(name: &str) -> Result<Workload> {
    let (name, text) = shipped()
        .iter()
        .find(|(own, _)| *own == name)
        .ok_or_else(|| Problem::new(format!("no shipped workload `{name}`")))?;
    parse(&format!("workloads/{name}.toml"), text, std::path::Path::new(""))
}
