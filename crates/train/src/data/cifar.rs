//! CIFAR-10 in its binary version: records of one label byte and three 32×32 planes.

use std::path::Path;

use super::{Dataset, Images};
use signloop_base::{Result, diagnostics::Problem};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;

/// Largest file read: 60,000 records have 184 MB.
const MAX_BYTES: u64 = 1 << 29;

/// Reads the six files of a folder.
///
/// # Errors
/// A file is missing, truncated, or holds a label that is no class.
pub(super) fn load(folder: &Path, hint: &str) -> Result<Dataset> {
    let mut train = Images { pixels: Vec::new(), labels: Vec::new() };
    for batch in 1..=5 {
        read(&folder.join(format!("data_batch_{batch}.bin")), hint, &mut train)?;
    }
    let mut test = Images { pixels: Vec::new(), labels: Vec::new() };
    read(&folder.join("test_batch.bin"), hint, &mut test)?;
    Ok(Dataset::new("CIFAR-10", (SIDE, SIDE, 3), train, test))
}

fn read(path: &Path, hint: &str, images: &mut Images) -> Result<()> {
    let name = path.display().to_string();
    let size = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => return Err(Problem::new("no such file").in_file(&name).hint(hint).into()),
    };
    whole_records(&name, size)?;
    let bytes = signloop_base::files::read(path)?;
    let part = parse(&name, &bytes)?;
    images.pixels.extend(part.pixels);
    images.labels.extend(part.labels);
    Ok(())
}

/// Reads the records of one file; `name` is used in messages.
///
/// # Errors
/// The bytes are no whole number of records, or hold a label that is no class.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Images> {
    whole_records(name, bytes.len() as u64)?;
    let mut part = Images { pixels: Vec::with_capacity(bytes.len()), labels: Vec::new() };
    for record in bytes.chunks_exact(RECORD) {
        part.labels.push(record[0]);
        let (red, rest) = record[1..].split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        for ((red, green), blue) in red.iter().zip(green).zip(blue) {
            part.pixels.extend([*red, *green, *blue]);
        }
    }
    part.check_labels(name, 10)?;
    Ok(part)
}

fn whole_records(name: &str, size: u64) -> Result<()> {
    if size == 0 || !size.is_multiple_of(RECORD as u64) || size > MAX_BYTES {
        let message = format!("{size} bytes are not a whole number of {RECORD}-byte records");
        let hint = "expected the binary version: one label byte and 3072 pixel bytes an image";
        return Err(Problem::new(message).in_file(name).hint(hint).into());
    }
    Ok(())
}
