//! IDX files (MNIST's format), plain or gzipped.
//!
//! Big-endian: two zero bytes, element type (8: unsigned byte), number of dimensions, one u32 a
//! dimension, then the data.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use super::{Dataset, Images};
use signloop_base::{Error, Result, diagnostics::Problem, memory};

/// Largest file read, packed or unpacked: MNIST's training images have 47 MB.
const MAX_BYTES: u64 = 1 << 30;

/// Largest image side: such images have 10 million pixels.
const MAX_SIDE: usize = 3200;

/// Reads the four files of a folder.
///
/// # Errors
/// A file is missing, truncated, of another kind, or holds a label that is no class.
pub(super) fn load(name: &str, folder: &Path, hint: &str) -> Result<Dataset> {
    let (train, shape) = part(folder, "train", hint)?;
    let (test, test_shape) = part(folder, "t10k", hint)?;
    if shape != test_shape {
        let message = format!("training images are {shape:?}, test images {test_shape:?}");
        return Err(Problem::new(message).in_file(&folder.display().to_string()).into());
    }
    Ok(Dataset::new(name, (shape.0, shape.1, 1), train, test))
}

fn part(folder: &Path, part: &str, hint: &str) -> Result<(Images, (usize, usize))> {
    let open = |name: String| -> Result<(String, Vec<u8>)> {
        let path = find(folder, &name, hint)?;
        let bytes = read(&path)?;
        Ok((path.display().to_string(), bytes))
    };
    let (images, pixels) = open(format!("{part}-images-idx3-ubyte"))?;
    let (labels, classes) = open(format!("{part}-labels-idx1-ubyte"))?;
    parse((&images, &pixels), (&labels, &classes))
}

/// Reads unpacked images and their labels, each with the name that messages give it; returns
/// them with rows and columns of an image.
///
/// # Errors
/// A part is truncated, of another kind, does not fit the other, or holds a label that is no class.
pub fn parse(images: (&str, &[u8]), labels: (&str, &[u8])) -> Result<(Images, (usize, usize))> {
    let (dimensions, pixels) = array(images, 3)?;
    let shape = (dimensions[1], dimensions[2]);
    if shape.0 == 0 || shape.1 == 0 || shape.0 > MAX_SIDE || shape.1 > MAX_SIDE {
        let message = format!("images of {}x{} pixels are not read", shape.0, shape.1);
        return Err(Problem::new(message).in_file(images.0).into());
    }
    let name = labels.0;
    let (counts, labels) = array(labels, 1)?;
    if counts[0] != dimensions[0] || counts[0] == 0 {
        let message = format!("{} labels for {} images", counts[0], dimensions[0]);
        return Err(Problem::new(message).in_file(name).into());
    }
    let images = Images { pixels, labels };
    images.check_labels(name, 10)?;
    Ok((images, shape))
}

/// The plain file, or else the gzipped one.
fn find(folder: &Path, name: &str, hint: &str) -> Result<PathBuf> {
    let plain = folder.join(name);
    let packed = folder.join(format!("{name}.gz"));
    if plain.is_file() {
        Ok(plain)
    } else if packed.is_file() {
        Ok(packed)
    } else {
        let message = format!("the folder has neither `{name}` nor `{name}.gz`");
        Err(Problem::new(message).in_file(&folder.display().to_string()).hint(hint).into())
    }
}

/// The unpacked content of a file.
fn read(path: &Path) -> Result<Vec<u8>> {
    let file = signloop_base::files::open(path).map_err(|error| Error::io("read", path, error))?;
    let name = path.display().to_string();
    if path.extension().is_some_and(|extension| extension == "gz") {
        return unpack(&name, file);
    }
    let mut bytes = Vec::new();
    let read = file.take(most() + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::io("read", path, error))?;
    bounded(&name, bytes)
}

/// Unpacks gzip; `name` is used in messages.
///
/// # Errors
/// The content is no gzip, damaged, or larger than any data set's.
pub fn unpack(name: &str, packed: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Packed in parts, as `pigz` and `cat` make them, too.
    flate2::read::MultiGzDecoder::new(packed)
        .take(most() + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::new(format!("cannot be unpacked: {error}")).in_file(name))?;
    bounded(name, bytes)
}

/// Bytes that may be read at most.
fn most() -> u64 {
    MAX_BYTES.min(memory::left())
}

fn bounded(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Problem::new("holds more than 1 GiB").in_file(name).into());
    }
    memory::may_take(bytes.len() as u64, "the content").map_err(|problem| problem.in_file(name))?;
    Ok(bytes)
}

/// Dimensions and data of an IDX file of unsigned bytes.
fn array((name, bytes): (&str, &[u8]), expected: usize) -> Result<(Vec<usize>, Vec<u8>)> {
    let wrong = |message: String| -> Error { Problem::new(message).in_file(name).into() };
    let header = 4 + 4 * expected;
    let magic = [0, 0, 8, expected as u8];
    if let Some(found) = bytes.first_chunk::<4>()
        && *found != magic
    {
        return Err(wrong(format!(
            "not an IDX file of {expected} dimensions of bytes: it begins with {found:02x?}, \
             expected {magic:02x?}"
        )));
    }
    if bytes.len() < header {
        return Err(wrong(format!("truncated: {} of {header} header bytes", bytes.len())));
    }
    let dimensions: Vec<usize> = bytes[4..header]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| u32::from_be_bytes(*bytes) as usize)
        .collect();
    let declared = dimensions.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    let data = &bytes[header..];
    if declared != Some(data.len()) {
        let word = if declared.is_none_or(|declared| declared > data.len()) {
            "truncated"
        } else {
            "longer than it says"
        };
        return Err(wrong(format!(
            "{word}: the header declares {dimensions:?} bytes, {} follow it",
            data.len()
        )));
    }
    Ok((dimensions, data.to_vec()))
}
