//! Networks: shipped, from a file, or imported from ONNX with their weights.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use pyo3::prelude::*;
use serde::Serialize;
use signloop::{
    Error,
    network::{
        quant::QuantizeOptions,
        workload::{self, LatentFile, LayerShape, WeightSource, Workload, onnx},
    },
    study::selection::load_workload,
};

use crate::{
    errors::{OrRaise, caught, raised},
    watch::loaded,
};

/// A network whose shapes were checked, and its weights.
#[pyclass(frozen, module = "signloop")]
pub(crate) struct Network {
    pub(crate) workload: Workload,
    skipped: Vec<(String, String, String)>,
}

#[derive(Serialize)]
struct LayerInfo<'a> {
    name: &'a str,
    quantized: bool,
    tensor: &'a str,
    shape: LayerShape,
}

#[pymethods]
impl Network {
    /// The network's name.
    #[getter]
    fn name(&self) -> &str {
        &self.workload.name
    }

    /// Layers with weights, in order.
    #[getter]
    fn layers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let layers: Vec<LayerInfo<'_>> = self
            .workload
            .layers()
            .map(|layer| LayerInfo {
                name: &layer.name,
                quantized: layer.quantized,
                tensor: &layer.tensor,
                shape: layer.shape,
            })
            .collect();
        loaded(py, &layers)
    }

    /// Nodes that an import left out: name, operation and reason.
    #[getter]
    fn skipped(&self) -> Vec<(String, String, String)> {
        self.skipped.clone()
    }

    fn __repr__(&self) -> String {
        let layers = self.workload.layers().count();
        format!("<signloop.Network '{}', {layers} layers>", self.workload.name)
    }
}

/// A network, or the name or file of one.
#[derive(FromPyObject)]
pub(crate) enum NetworkLike<'py> {
    Network(Bound<'py, Network>),
    Path(PathBuf),
}

impl NetworkLike<'_> {
    pub(crate) fn open(&self) -> PyResult<Workload> {
        match self {
            Self::Network(network) => Ok(network.get().workload.clone()),
            Self::Path(path) => load_workload(path).or_raise(),
        }
    }
}

/// A shipped network, or one of a TOML file.
#[pyfunction]
pub(crate) fn read_network(workload: PathBuf) -> PyResult<Network> {
    caught(|| Ok(Network { workload: load_workload(&workload).or_raise()?, skipped: Vec::new() }))
}

/// A network and its weights from the bytes of an ONNX model.
#[pyfunction]
pub(crate) fn import_onnx(
    model: &[u8],
    name: &str,
    input: Option<Vec<u64>>,
    quantize_all: bool,
    folder: Option<PathBuf>,
    sizes: Vec<(String, u64)>,
) -> PyResult<Network> {
    caught(|| {
        let fp32: &[i64] = if quantize_all { &[] } else { &[0, -1] };
        let options = onnx::Options {
            name,
            file: name,
            folder: folder.as_deref(),
            input: input.as_deref(),
            sizes: &sizes,
            fp32,
        };
        let imported = onnx::import(model, &options).map_err(|e| raised(Error::Input(e)))?;
        let (before, after) = &imported.toml;
        // The reader checks the shapes; the weights are then those in memory.
        let text = format!("{before}[weights]\nformat = \"synthetic\"\n{after}");
        let mut workload = workload::parse(name, &text, Path::new("")).or_raise()?;
        let tensors: BTreeMap<_, _> = imported.tensors;
        let tensors = Arc::new(LatentFile::of(name, tensors).or_raise()?);
        workload.weights = WeightSource::Held { tensors, options: QuantizeOptions::default() };
        let skipped = imported.skipped.into_iter().map(|node| (node.node, node.op, node.reason));
        Ok(Network { workload, skipped: skipped.collect() })
    })
}
