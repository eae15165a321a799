//! Bit-packed weights on disk: a safetensors file, so that any tool can open it.
//!
//! Per layer `X` of K filters of N weights, in K×C×R×S order, least significant bit first:
//! * `X.mask` (U8, ⌈KN/8⌉): 1 = effectual; absent under `binary`, which has no zeros.
//! * `X.sign` (U8): 1 = negative; ⌈KN/8⌉ bytes under `binary` and `ternary`; under
//!   `signed-binary` ⌈K/8⌉ (one bit a filter), or ⌈KN/8⌉ where regions are smaller than a
//!   filter; absent under `zero-one`.
//! * `X.scale` (F32, K).
//!
//! The metadata key `signloop` holds format, version, scheme, provenance and shapes as JSON.

use std::{collections::BTreeMap, collections::HashMap, path::Path};

use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::{MAX_ELEMENTS, QuantizedTensor, Scheme, WeightShape};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, nearest},
};

const FORMAT: &str = "signloop-packed";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    scheme: Scheme,
    provenance: String,
    shapes: BTreeMap<String, [usize; 4]>,
}

/// An opened packed file: every tensor unpacked and checked.
#[derive(Debug, Clone)]
pub struct PackedWeights {
    /// The scheme of all tensors.
    pub scheme: Scheme,
    /// Where the weights come from, in words.
    pub provenance: String,
    file: String,
    tensors: BTreeMap<String, QuantizedTensor>,
}

impl PackedWeights {
    /// Whether a safetensors file (its bytes) is one of ours.
    #[must_use]
    pub fn recognises(bytes: &[u8]) -> bool {
        SafeTensors::read_metadata(bytes).is_ok_and(|(_, metadata)| {
            metadata.metadata().as_ref().is_some_and(|map| map.contains_key("signloop"))
        })
    }

    /// Unpacks a file's bytes; `file` names it in messages.
    ///
    /// # Errors
    /// The header or a tensor is not as the format says.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self> {
        let wrong = |message: String| -> Error { Problem::new(message).in_file(file).into() };
        let (_, metadata) = SafeTensors::read_metadata(bytes)
            .map_err(|error| wrong(format!("not a safetensors file: {error}")))?;
        let text =
            metadata.metadata().as_ref().and_then(|map| map.get("signloop")).ok_or_else(|| {
                wrong("the safetensors file has no packed weights (metadata key `signloop`)".into())
            })?;
        let header: Header = serde_json::from_str(text)
            .map_err(|error| wrong(format!("the packed header is not readable: {error}")))?;
        if header.format != FORMAT || header.version != VERSION {
            return Err(wrong(format!(
                "expected {FORMAT} version {VERSION}, found {} version {}",
                header.format, header.version
            )));
        }
        let content = SafeTensors::deserialize(bytes)
            .map_err(|error| wrong(format!("not a safetensors file: {error}")))?;
        let mut tensors = BTreeMap::new();
        for (name, shape) in &header.shapes {
            let tensor = unpack(&content, name, *shape, header.scheme)
                .map_err(|message| wrong(format!("tensor `{name}`: {message}")))?;
            tensors.insert(name.clone(), tensor);
        }
        let Header { scheme, provenance, .. } = header;
        Ok(Self { scheme, provenance, file: file.to_owned(), tensors })
    }

    /// The tensor of a name.
    ///
    /// # Errors
    /// No tensor has the name; the nearest is suggested.
    pub fn tensor(&self, name: &str) -> Result<&QuantizedTensor, Problem> {
        self.tensors.get(name).ok_or_else(|| {
            let problem = Problem::new(format!("no tensor named `{name}`")).in_file(&self.file);
            match nearest(name, self.tensors.keys().map(String::as_str)) {
                Some(near) => problem.hint(format!("there is one named `{near}`")),
                None => problem,
            }
        })
    }

    /// All tensors by name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &QuantizedTensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }
}

/// Writes tensors of one scheme as a packed file, atomically.
///
/// # Errors
/// A tensor has another scheme, or the file cannot be written.
pub fn write_packed(
    path: &Path,
    scheme: Scheme,
    provenance: &str,
    tensors: &BTreeMap<String, QuantizedTensor>,
) -> Result<()> {
    let mut planes: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> = BTreeMap::new();
    let mut shapes = BTreeMap::new();
    for (name, tensor) in tensors {
        if tensor.scheme() != scheme {
            return Err(Error::Internal(format!("`{name}` is not {scheme}")));
        }
        let shape = tensor.shape();
        shapes.insert(
            name.clone(),
            [shape.filters, shape.channels, shape.kernel_height, shape.kernel_width],
        );
        if scheme.has_zero() {
            let mask = pack_bits(tensor.codes().iter().map(|code| *code != 0));
            planes.insert(format!("{name}.mask"), (Dtype::U8, vec![mask.len()], mask));
        }
        if scheme.has_negative() {
            let sign = if scheme.has_region_signs() && one_sign_a_filter(tensor) {
                pack_bits((0..shape.filters).map(|k| tensor.filter(k).contains(&-1)))
            } else {
                pack_bits(tensor.codes().iter().map(|code| *code < 0))
            };
            planes.insert(format!("{name}.sign"), (Dtype::U8, vec![sign.len()], sign));
        }
        let scales = tensor.scales().iter().flat_map(|scale| scale.to_le_bytes()).collect();
        planes.insert(format!("{name}.scale"), (Dtype::F32, vec![shape.filters], scales));
    }
    let header = Header {
        format: FORMAT.into(),
        version: VERSION,
        scheme,
        provenance: provenance.into(),
        shapes,
    };
    let internal = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
    let text = serde_json::to_string(&header).map_err(|error| internal(&error))?;
    let views = planes
        .iter()
        .map(|(name, (dtype, shape, data))| {
            TensorView::new(*dtype, shape.clone(), data).map(|view| (name, view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| internal(&error))?;
    // One metadata key only: the library writes its map in hash order.
    let metadata = HashMap::from([("signloop".to_owned(), text)]);
    let bytes = serialize(views, Some(metadata)).map_err(|error| internal(&error))?;
    signloop_base::files::write_atomically(path, &bytes)
}

fn one_sign_a_filter(tensor: &QuantizedTensor) -> bool {
    (0..tensor.shape().filters).all(|k| {
        let filter = tensor.filter(k);
        !(filter.contains(&1) && filter.contains(&-1))
    })
}

fn pack_bits(bits: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, bit) in bits.enumerate() {
        if index % 8 == 0 {
            bytes.push(0);
        }
        if bit {
            bytes[index / 8] |= 1 << (index % 8);
        }
    }
    bytes
}

fn unpack(
    content: &SafeTensors<'_>,
    name: &str,
    [filters, channels, kernel_height, kernel_width]: [usize; 4],
    scheme: Scheme,
) -> Result<QuantizedTensor, String> {
    let shape = WeightShape { filters, channels, kernel_height, kernel_width };
    let weights = [channels, kernel_height, kernel_width]
        .into_iter()
        .try_fold(filters, usize::checked_mul)
        .filter(|weights| *weights as u64 <= MAX_ELEMENTS)
        .ok_or("the shape is too large")?;
    // A plane's length is compared with the bytes present before anything is allocated for it.
    let plane = |suffix: &str, lengths: &[usize]| {
        let name = format!("{name}.{suffix}");
        let view = content.tensor(&name).map_err(|_| format!("`{name}` is missing"))?;
        if view.dtype() != Dtype::U8 || !lengths.contains(&view.data().len()) {
            return Err(format!(
                "`{name}` holds {} bytes of {:?}, expected {} of U8",
                view.data().len(),
                view.dtype(),
                lengths[0]
            ));
        }
        Ok(view.data())
    };
    let bit = |bytes: &[u8], index: usize| bytes[index / 8] >> (index % 8) & 1 == 1;
    let (all, rows) = (weights.div_ceil(8), filters.div_ceil(8));
    let mask = if scheme.has_zero() { Some(plane("mask", &[all])?) } else { None };
    let sign_lengths = if scheme.has_region_signs() { &[rows, all][..] } else { &[all] };
    let sign = if scheme.has_negative() { Some(plane("sign", sign_lengths)?) } else { None };
    let by_filter =
        scheme.has_region_signs() && sign.is_some_and(|sign| sign.len() == rows && rows != all);
    let length = shape.filter_len().max(1);
    let codes = (0..weights)
        .map(|index| {
            let effectual = mask.is_none_or(|mask| bit(mask, index));
            let place = if by_filter { index / length } else { index };
            let negative = sign.is_some_and(|sign| bit(sign, place));
            match (effectual, negative) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => -1,
            }
        })
        .collect();
    let scale = content
        .tensor(&format!("{name}.scale"))
        .map_err(|_| format!("`{name}.scale` is missing"))?;
    if scale.dtype() != Dtype::F32 || scale.data().len() != filters * 4 {
        return Err(format!("`{name}.scale` does not hold {filters} F32"));
    }
    let scales = scale
        .data()
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    QuantizedTensor::new(scheme, shape, codes, scales)
        .map_err(|problem| problem.message().to_owned())
}
