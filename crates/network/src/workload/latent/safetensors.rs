//! Safetensors: f16, bf16, f32, f64 and i8 tensors.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};

use super::tensor::{LatentTensor, TensorResult, elements};
use signloop_base::{Error, Result};

/// Reads every tensor. The library checks the header's length and every offset against the
/// bytes present before anything is allocated.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, TensorResult>, String> {
    let content = SafeTensors::deserialize(bytes)
        .map_err(|error| format!("not a readable safetensors file: {error}"))?;
    Ok(content.iter().map(|(name, view)| (name.to_owned(), widen(&view))).collect())
}

fn widen(view: &TensorView<'_>) -> TensorResult {
    let shape = view.shape().to_vec();
    let count = elements(&shape)?;
    let data = view.data();
    fn decode<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        data.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)).collect()
    }
    let values = match view.dtype() {
        Dtype::F32 => decode(data, f32::from_le_bytes),
        Dtype::F64 => decode(data, |bytes| f64::from_le_bytes(bytes) as f32),
        Dtype::F16 => decode(data, |bytes| f16::from_le_bytes(bytes).to_f32()),
        Dtype::BF16 => decode(data, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        Dtype::I8 => decode(data, |[byte]: [u8; 1]| f32::from(byte as i8)),
        other => return Err(format!("expected F16, BF16, F32, F64 or I8 values, found {other:?}")),
    };
    if values.len() != count {
        return Err(format!("{} values do not fill the shape {shape:?}", values.len()));
    }
    Ok(LatentTensor { shape, values })
}

/// A file of f32 tensors.
///
/// # Errors
/// A tensor's values do not fill its shape.
pub fn write(tensors: &BTreeMap<String, LatentTensor>) -> Result<Vec<u8>> {
    let wrong = |error: safetensors::SafeTensorError| Error::Internal(error.to_string());
    let bytes: Vec<Vec<u8>> = tensors
        .values()
        .map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, tensor), bytes)| {
            Ok((name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(wrong)?))
        })
        .collect::<Result<Vec<_>>>()?;
    serialize(views, None).map_err(wrong)
}
