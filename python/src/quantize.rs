//! The quantiser of weight import and training.

use numpy::{PyArray1, PyReadonlyArrayDyn, PyUntypedArrayMethods, ToPyArray};
use pyo3::prelude::*;
use signloop::{network::quant, train::QuantizeSettings};

use crate::{
    arrays::weight_shape,
    errors::{OrRaise, caught},
};

/// How weights are quantised, as the command line names it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct QuantizeArgs {
    pub(crate) threshold: String,
    pub(crate) threshold_scope: String,
    pub(crate) scale: String,
    pub(crate) assignment: String,
    pub(crate) region_channels: Option<usize>,
}

impl From<QuantizeArgs> for QuantizeSettings {
    fn from(given: QuantizeArgs) -> Self {
        Self {
            threshold: given.threshold,
            threshold_scope: given.threshold_scope,
            scale: given.scale,
            assignment: given.assignment,
            region_channels: given.region_channels,
        }
    }
}

/// Codes (flat, in the order of the latents) and scales (one a filter).
pub(crate) type CodesAndScales<'py> = (Bound<'py, PyArray1<i8>>, Bound<'py, PyArray1<f32>>);

/// Quantises latent weights.
#[pyfunction]
pub(crate) fn quantize<'py>(
    py: Python<'py>,
    latents: PyReadonlyArrayDyn<'py, f32>,
    scheme: &str,
    options: QuantizeArgs,
) -> PyResult<CodesAndScales<'py>> {
    caught(|| {
        let shape = weight_shape(latents.shape())?;
        let options =
            QuantizeSettings::from(options).options(scheme.parse().or_raise()?).or_raise()?;
        let latents = latents.as_slice()?;
        let tensor = py.detach(|| quant::quantize(latents, shape, &options)).or_raise()?;
        Ok((tensor.codes().to_pyarray(py), tensor.scales().to_pyarray(py)))
    })
}
