//! Data sets.

use signloop::train::data::{parse_cifar, parse_idx, unpack_gzip};

use super::{accepted, parts};

/// Images and labels, each plain or packed.
pub fn idx(data: &[u8]) {
    let Some((images, labels)) = parts(data) else { return };
    let plain = |name: &str, bytes: &[u8]| {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            accepted(unpack_gzip(name, bytes))
        } else {
            Some(bytes.to_vec())
        }
    };
    let (Some(images), Some(labels)) = (plain("images.gz", images), plain("labels.gz", labels))
    else {
        return;
    };
    if let Some((found, (height, width))) =
        accepted(parse_idx(("images", &images), ("labels", &labels)))
    {
        assert_eq!(found.pixels.len(), found.labels.len() * height * width);
    }
}

/// A file of records.
pub fn cifar(data: &[u8]) {
    if let Some(images) = accepted(parse_cifar("fuzz.bin", data)) {
        assert_eq!(images.pixels.len(), images.labels.len() * 32 * 32 * 3);
    }
}
