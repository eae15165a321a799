//! Constant tensors in every form that a model stores them in.

use std::{borrow::Cow, collections::BTreeMap};

use half::{bf16, f16};

use super::{
    external::External,
    refusal::{Refusal, refuse},
    wire::{Field, Fields, integers},
};
use crate::workload::latent::elements;

/// Values of a constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// Floats, and integers of up to 16 bits, which floats hold exactly.
    Floats(Vec<f32>),
    /// Integers of 32 and 64 bits.
    Integers(Vec<i64>),
}

/// A constant tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constant {
    /// The initialiser that it comes from, if any.
    pub name: String,
    /// Element type, as TensorProto.DataType numbers it.
    pub kind: i64,
    pub shape: Vec<usize>,
    pub data: Data,
}

impl Constant {
    /// Integers in one dimension.
    pub(super) fn list(values: Vec<i64>) -> Self {
        let shape = vec![values.len()];
        Self { name: String::new(), kind: 7, shape, data: Data::Integers(values) }
    }

    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Floats(values) => values.len(),
            Data::Integers(values) => values.len(),
        }
    }

    pub(super) fn floats(&self) -> Cow<'_, [f32]> {
        match &self.data {
            Data::Floats(values) => Cow::Borrowed(values),
            Data::Integers(values) => values.iter().map(|value| *value as f32).collect(),
        }
    }

    /// Whole numbers, as sizes and axes are.
    pub(super) fn integers(&self) -> Vec<i64> {
        match &self.data {
            Data::Floats(values) => values.iter().map(|value| *value as i64).collect(),
            Data::Integers(values) => values.clone(),
        }
    }

    pub(super) fn dims(&self) -> Vec<u64> {
        self.shape.iter().map(|size| *size as u64).collect()
    }

    /// The elements at these places, under another shape.
    pub(super) fn picked(&self, shape: Vec<usize>, places: impl Iterator<Item = usize>) -> Self {
        let data = match &self.data {
            Data::Floats(values) => Data::Floats(places.map(|at| values[at]).collect()),
            Data::Integers(values) => Data::Integers(places.map(|at| values[at]).collect()),
        };
        Self { name: self.name.clone(), kind: self.kind, shape, data }
    }
}

/// The fields of a tensor that hold values.
#[derive(Debug, Default)]
struct Stored<'a> {
    raw: Option<&'a [u8]>,
    floats: Vec<f32>,
    doubles: Vec<f64>,
    /// `int32_data`, `int64_data` or `uint64_data`.
    integers: Vec<i64>,
    external: Option<BTreeMap<String, String>>,
    segmented: bool,
}

/// A tensor: its name, and its values or why they cannot be read.
pub(super) fn tensor(
    bytes: &[u8],
    external: &mut External,
) -> Result<(String, Result<Constant, Refusal>), String> {
    let (mut name, mut dimensions, mut kind) = (String::new(), Vec::new(), 0);
    let (mut stored, mut entries, mut elsewhere) = (Stored::default(), BTreeMap::new(), false);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => integers(field, &mut dimensions)?,
            (2, field) => kind = field.integer()?,
            (3, _) => stored.segmented = true,
            (4, Field::Bytes(packed)) => {
                stored.floats.extend(packed.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
            }
            (4, field) => stored.floats.push(field.float()?),
            (5 | 7 | 11, field) => integers(field, &mut stored.integers)?,
            (8, field) => name = field.text()?.to_owned(),
            (9, field) => stored.raw = Some(field.bytes()?),
            (10, Field::Bytes(packed)) => {
                stored.doubles.extend(packed.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)));
            }
            (10, Field::Fixed64(bits)) => stored.doubles.push(f64::from_bits(bits)),
            (13, field) => {
                let (key, value) = entry(field.bytes()?)?;
                entries.insert(key, value);
            }
            (14, field) => elsewhere = field.integer()? == 1,
            _ => {}
        }
    }
    stored.external = elsewhere.then_some(entries);
    let read = values(&dimensions, kind, stored, external);
    Ok((name.clone(), read.map(|(shape, data)| Constant { name, kind, shape, data })))
}

/// StringStringEntryProto.
fn entry(bytes: &[u8]) -> Result<(String, String), String> {
    let (mut key, mut value) = (String::new(), String::new());
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => key = field.text()?.to_owned(),
            (2, field) => value = field.text()?.to_owned(),
            _ => {}
        }
    }
    Ok((key, value))
}

/// Bits of one element; TensorProto.DataType.
fn bits(kind: i64) -> Option<u64> {
    Some(match kind {
        21 | 22 => 4,
        2 | 3 | 9 => 8,
        4 | 5 | 10 | 16 => 16,
        1 | 6 | 12 => 32,
        7 | 11 | 13 => 64,
        _ => return None,
    })
}

fn values(
    dimensions: &[i64],
    kind: i64,
    stored: Stored<'_>,
    external: &mut External,
) -> Result<(Vec<usize>, Data), Refusal> {
    let shape: Vec<usize> = dimensions
        .iter()
        .map(|size| usize::try_from(*size).map_err(|_| format!("a dimension is {size}")))
        .collect::<Result<_, _>>()?;
    let count = elements(&shape)?;
    let Some(bits) = bits(kind) else {
        return refuse(
            format!(
                "its element type is {kind}, expected a float of 16 to 64 bits, an integer of 4 to \
                 64 bits, or a boolean"
            ),
            "store it as float32: `onnx.numpy_helper.from_array(values.astype('float32'), name)`",
        );
    };
    if stored.segmented {
        return refuse("it is stored in segments", "save the model again with a current `onnx`");
    }
    let needed = (count as u64 * bits).div_ceil(8);
    let read;
    let raw = match &stored.external {
        Some(entries) => {
            read = external.read(entries, needed)?;
            Some(read.as_slice())
        }
        None => stored.raw,
    };
    let data = match raw {
        Some(raw) if raw.len() as u64 != needed => {
            return Err(format!(
                "{} bytes do not fill the shape {shape:?}, which needs {needed}",
                raw.len()
            )
            .into());
        }
        Some(raw) => from_bytes(kind, raw, count),
        None => from_lists(kind, stored, count),
    };
    let held = match &data {
        Data::Floats(values) => values.len(),
        Data::Integers(values) => values.len(),
    };
    if held != count {
        return Err(format!("{held} values do not fill the shape {shape:?}").into());
    }
    Ok((shape, data))
}

fn decode<const N: usize, T>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)).collect()
}

/// Two values of four bits a byte, the low half first.
fn nibbles(bytes: impl Iterator<Item = u8>, signed: bool, count: usize) -> Vec<f32> {
    let value = |half: u8| match signed {
        true => f32::from((half << 4) as i8 >> 4),
        false => f32::from(half),
    };
    bytes.flat_map(|byte| [value(byte & 15), value(byte >> 4)]).take(count).collect()
}

/// `raw_data`, or bytes of a file: little-endian.
fn from_bytes(kind: i64, raw: &[u8], count: usize) -> Data {
    Data::Floats(match kind {
        1 => decode(raw, f32::from_le_bytes),
        2 | 9 => raw.iter().map(|byte| f32::from(*byte)).collect(),
        3 => raw.iter().map(|byte| f32::from(*byte as i8)).collect(),
        4 => decode(raw, |bytes| f32::from(u16::from_le_bytes(bytes))),
        5 => decode(raw, |bytes| f32::from(i16::from_le_bytes(bytes))),
        10 => decode(raw, |bytes| f16::from_le_bytes(bytes).to_f32()),
        11 => decode(raw, |bytes| f64::from_le_bytes(bytes) as f32),
        16 => decode(raw, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        21 | 22 => nibbles(raw.iter().copied(), kind == 22, count),
        6 => return Data::Integers(decode(raw, |bytes| i64::from(i32::from_le_bytes(bytes)))),
        12 => return Data::Integers(decode(raw, |bytes| i64::from(u32::from_le_bytes(bytes)))),
        _ => return Data::Integers(decode(raw, i64::from_le_bytes)),
    })
}

/// The typed lists; half floats lie in `int32_data` as bits.
fn from_lists(kind: i64, stored: Stored<'_>, count: usize) -> Data {
    let integers = stored.integers;
    Data::Floats(match kind {
        1 => stored.floats,
        11 => stored.doubles.into_iter().map(|value| value as f32).collect(),
        10 => integers.iter().map(|bits| f16::from_bits(*bits as u16).to_f32()).collect(),
        16 => integers.iter().map(|bits| bf16::from_bits(*bits as u16).to_f32()).collect(),
        21 | 22 => nibbles(integers.iter().map(|byte| *byte as u8), kind == 22, count),
        6 | 7 | 12 | 13 => return Data::Integers(integers),
        _ => integers.iter().map(|value| *value as f32).collect(),
    })
}
