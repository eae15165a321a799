//! NumPy arrays as the library's weights.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use signloop::{
    network::{
        quant::{QuantizeOptions, WeightShape},
        workload::{LatentFile, LatentTensor, WeightSource, Workload},
    },
    study::selection::weights_of,
};

use crate::errors::{OrRaise, raised};

/// Latent weights: a file, or tensors by name.
#[derive(FromPyObject)]
pub(crate) enum Weights<'py> {
    File(PathBuf),
    Tensors(BTreeMap<String, PyReadonlyArrayDyn<'py, f32>>),
}

/// The weights given, or the workload's own.
pub(crate) fn source(workload: &Workload, given: Option<Weights<'_>>) -> PyResult<WeightSource> {
    match given {
        None => weights_of(workload, None).or_raise(),
        Some(Weights::File(path)) => weights_of(workload, Some(&path)).or_raise(),
        Some(Weights::Tensors(tensors)) => {
            let tensors = tensors.into_iter().map(|(name, array)| (name, latent(&array)));
            let tensors = LatentFile::of("the weights given", tensors.collect()).or_raise()?;
            let options = QuantizeOptions::default();
            Ok(WeightSource::Held { tensors: Arc::new(tensors), options })
        }
    }
}

fn latent(array: &PyReadonlyArrayDyn<'_, f32>) -> LatentTensor {
    LatentTensor {
        shape: array.shape().to_vec(),
        values: array.as_array().iter().copied().collect(),
    }
}

/// A tensor's shape: K×C×R×S, or K×C for a linear layer.
pub(crate) fn weight_shape(shape: &[usize]) -> PyResult<WeightShape> {
    let [filters, channels, kernel_height, kernel_width] = match *shape {
        [filters, channels] => [filters, channels, 1, 1],
        [filters, channels, rows, columns] => [filters, channels, rows, columns],
        _ => {
            let message = format!("weights have the shape {shape:?}, expected 2 or 4 dimensions");
            return Err(raised(
                signloop::base::diagnostics::Problem::new(message)
                    .hint("filters, channels per group, kernel rows, kernel columns"),
            ));
        }
    };
    Ok(WeightShape { filters, channels, kernel_height, kernel_width })
}
