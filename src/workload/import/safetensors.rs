//! Safetensors: f16, bf16, f32, f64 and i8 tensors.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::latent::{LatentTensor, TensorResult, elements};

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
