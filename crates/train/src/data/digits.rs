//! The built-in digits: 1797 images of 8×8 (see `LICENSE-digits.md` for source and licence).

use std::io::Read as _;

use super::{Dataset, Images};
use signloop_base::{Error, Result};

static FILE: &[u8] = include_bytes!("digits.csv.gz");

/// The last 360 images, by writers that the first 1437 do not have, are the test part.
const TRAIN: usize = 1437;
const SIZE: usize = 8;

/// Unpacks the digits.
///
/// # Errors
/// The embedded file is not as expected: a fault of the build.
pub(super) fn load() -> Result<Dataset> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(FILE)
        .read_to_string(&mut text)
        .map_err(|error| Error::Internal(format!("the built-in digits: {error}")))?;
    let mut images = Images { pixels: Vec::new(), labels: Vec::new() };
    for line in text.lines() {
        let values = line.split(',').map(|value| value.trim().parse::<u8>());
        let values: Vec<u8> = values
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::Internal(format!("the built-in digits: {error}")))?;
        let Some((label, pixels)) = values.split_last().filter(|(_, p)| p.len() == SIZE * SIZE)
        else {
            return Err(Error::Internal("a built-in digit has not 8x8 pixels".into()));
        };
        images.pixels.extend_from_slice(pixels);
        images.labels.push(*label);
    }
    images.check_labels("the built-in digits", 10)?;
    let mut train = images.clone();
    train.truncate(TRAIN);
    let test = Images {
        pixels: images.pixels[train.pixels.len()..].to_vec(),
        labels: images.labels[train.len()..].to_vec(),
    };
    Ok(Dataset::new("UCI digits 8x8", (SIZE, SIZE, 1), train, test))
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_parts_of_ten_classes() {
        let digits = super::load().unwrap();
        assert_eq!((digits.train.len(), digits.test.len()), (1437, 360));
        assert_eq!(digits.train.pixels.len(), 1437 * 64);
        for class in 0..10 {
            assert!(digits.test.labels.iter().filter(|label| **label == class).count() > 25);
        }
        assert_eq!(*digits.train.pixels.iter().max().unwrap(), 16);
    }
}
