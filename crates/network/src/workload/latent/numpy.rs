//! NumPy `.npy` and `.npz` (plain or compressed): f16, f32, f64 and i8 arrays.

use std::{collections::BTreeMap, io::Read};

use npyz::{NpyFile, Order, TypeChar};
use rawzip::{CompressionMethod, ZipArchive};

use super::tensor::{LatentTensor, TensorResult, elements};
use signloop_base::memory;

/// NumPy writes headers of a few hundred bytes: a dictionary, the shape's tuple in it, and for a
/// structured array a list of tuples.
const MAX_HEADER_BYTES: usize = 1 << 16;
const MAX_HEADER_DEPTH: usize = 4;

/// Reads every array of an archive. Names lose their `.npy`, as NumPy shows them.
pub(super) fn read_npz(bytes: &[u8]) -> Result<BTreeMap<String, TensorResult>, String> {
    let broken = |error: rawzip::Error| format!("not a readable npz file: {error}");
    let archive = ZipArchive::from_slice(bytes).map_err(broken)?;
    let mut entries = archive.entries();
    let mut tensors = BTreeMap::new();
    refuse_overlaps(bytes)?;
    // Of all members together: packed ones can claim far more than they hold. A member stands in
    // memory beside its values, which have up to four bytes for one of its own.
    let mut left = memory::left() / 5;
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        let path = entry.file_path().try_normalize().map_err(broken)?.as_ref().to_owned();
        let Some(name) = path.strip_suffix(".npy") else { continue };
        let method = entry.compression_method();
        let local = archive.get_entry(entry.wayfinder()).map_err(broken)?;
        let unpacked = match method {
            CompressionMethod::STORE => unpack(local.verifying_reader(local.data()), &mut left),
            CompressionMethod::DEFLATE => {
                let reader = flate2::bufread::DeflateDecoder::new(local.data());
                unpack(local.verifying_reader(reader), &mut left)
            }
            _ => Err("is packed by a method other than store and deflate".to_owned()),
        };
        tensors.insert(name.to_owned(), unpacked.and_then(|bytes| read_npy(&bytes)));
    }
    Ok(tensors)
}

/// Refuses an archive whose members share bytes, before any is unpacked: a few bytes that many
/// members share would unpack to any size.
fn refuse_overlaps(bytes: &[u8]) -> Result<(), String> {
    let broken = |error: rawzip::Error| format!("not a readable npz file: {error}");
    let archive = ZipArchive::from_slice(bytes).map_err(broken)?;
    let mut entries = archive.entries();
    let mut packed: Vec<(u64, u64)> = Vec::new();
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        let local = archive.get_entry(entry.wayfinder()).map_err(broken)?;
        packed.push(local.compressed_data_range());
    }
    packed.retain(|(begin, end)| begin < end);
    packed.sort_unstable();
    if packed.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err("not a readable npz file: members overlap".to_owned());
    }
    Ok(())
}

/// Unpacks a member, with so many bytes left for it and all that follow.
fn unpack(reader: impl Read, left: &mut u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = reader.take(*left + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be unpacked: {error}"))?;
    *left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
        format!(
            "the members unpack to more than {} MiB: allow more with `--max-memory`",
            (memory::left() / 5) >> 20
        )
    })?;
    Ok(bytes)
}

/// Refuses a header that is no plain array's: the library takes time exponential in the depth of
/// the Python literal that a header is.
fn check_header(bytes: &[u8]) -> Result<(), String> {
    let length = |at: usize, size: usize| {
        let bytes = bytes.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)))
    };
    // Version 1 has two bytes of length, later ones four.
    let (start, length) = match bytes.get(6) {
        Some(1) => (10, length(8, 2)),
        _ => (12, length(8, 4)),
    };
    if length.is_some_and(|length| length > MAX_HEADER_BYTES) {
        return Err(format!("has a header of more than {MAX_HEADER_BYTES} bytes"));
    }
    let header = bytes.get(start..).unwrap_or_default();
    let mut depth = 0_usize;
    for byte in &header[..header.len().min(length.unwrap_or(0))] {
        match byte {
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_HEADER_DEPTH {
            return Err("has a header that is nested too deeply".to_owned());
        }
    }
    check_shape(&String::from_utf8_lossy(&header[..header.len().min(length.unwrap_or(0))]))
}

/// Refuses a shape whose product the library cannot form.
fn check_shape(header: &str) -> Result<(), String> {
    let Some((_, shape)) = header.split_once("shape") else { return Ok(()) };
    let shape = shape.split_once(')').map_or(shape, |(shape, _)| shape);
    let sizes = shape.split(|character: char| !character.is_ascii_digit());
    let sizes: Option<Vec<u64>> =
        sizes.filter(|digits| !digits.is_empty()).map(|digits| digits.parse().ok()).collect();
    let product = sizes
        .as_ref()
        .and_then(|sizes| sizes.iter().try_fold(1_u64, |product, size| product.checked_mul(*size)));
    match product {
        Some(_) => Ok(()),
        None => Err("has a shape that is too large".to_owned()),
    }
}

/// Reads one array.
pub(super) fn read_npy(bytes: &[u8]) -> TensorResult {
    check_header(bytes)?;
    let broken = |error: std::io::Error| format!("not a readable npy array: {error}");
    let file = NpyFile::new(bytes).map_err(broken)?;
    let shape: Vec<usize> = file.shape().iter().map(|size| *size as usize).collect();
    let count = elements(&shape)?;
    if file.order() != Order::C {
        return Err("is in Fortran order: save `numpy.ascontiguousarray(x)`".to_owned());
    }
    let npyz::DType::Plain(kind) = file.dtype() else {
        return Err("is a structured array".to_owned());
    };
    let size = kind.num_bytes().unwrap_or(0);
    // The length is compared with the bytes present before the library allocates for it.
    if count.checked_mul(size).is_none_or(|needed| needed > bytes.len()) {
        return Err(format!("is truncated: {count} values of {size} bytes are declared"));
    }
    let values = match (kind.type_char(), size) {
        (TypeChar::Float, 4) => file.into_vec::<f32>().map_err(broken)?,
        (TypeChar::Float, 8) => {
            let values = file.into_vec::<f64>().map_err(broken)?;
            values.into_iter().map(|value| value as f32).collect()
        }
        (TypeChar::Float, 2) => {
            let values = file.into_vec::<half::f16>().map_err(broken)?;
            values.into_iter().map(half::f16::to_f32).collect()
        }
        (TypeChar::Int, 1) => {
            file.into_vec::<i8>().map_err(broken)?.into_iter().map(f32::from).collect()
        }
        _ => return Err(format!("holds `{kind}` values, expected f2, f4, f8 or i1")),
    };
    Ok(LatentTensor { shape, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array's file with a header as given, and so many bytes of zeros.
    fn npy(header: &str, bytes: usize) -> Vec<u8> {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16 + 1).to_le_bytes());
        file.extend(header.as_bytes());
        file.push(b'\n');
        file.resize(file.len() + bytes, 0);
        file
    }

    #[test]
    fn shapes_that_overflow_are_refused() {
        let header = |shape: &str| {
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}")
        };
        for shape in [
            "4294967296, 4294967296",
            "4294967296, 4294967296, 0",
            "99999999999999999999,",
            "18446744073709551615, 2",
        ] {
            assert!(read_npy(&npy(&header(shape), 4)).is_err(), "{shape}");
        }
        let read = read_npy(&npy(&header("2, 3"), 24)).unwrap();
        assert_eq!((read.shape, read.values.len()), (vec![2, 3], 6));
    }

    #[test]
    fn members_that_share_bytes_are_refused() {
        let read = |name: &str| std::fs::read(format!("../../{name}")).unwrap();
        let told = read_npz(&read("tests/cases/bad-import/overlap.npz")).unwrap_err();
        assert!(told.contains("members overlap"), "{told}");
    }
}
