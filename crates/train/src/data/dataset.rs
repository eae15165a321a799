//! Labelled images in memory.

use signloop_base::diagnostics::Problem;

/// Images of one size with a label each.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// Images × rows × columns × channels, as stored in the files.
    pub pixels: Vec<u8>,
    /// One class index an image.
    pub labels: Vec<u8>,
}

/// A data set in two parts, with the statistics that its pixels are normalised by.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Name as printed in logs and provenance.
    pub name: String,
    /// Rows, columns, channels of an image.
    pub shape: (usize, usize, usize),
    /// Classes.
    pub classes: usize,
    /// For training.
    pub train: Images,
    /// For testing only.
    pub test: Images,
    /// Mean of the training pixels per channel, in pixel units.
    pub mean: Vec<f32>,
    /// Their standard deviation, in pixel units; 1 where it is 0.
    pub deviation: Vec<f32>,
}

impl Images {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Keeps the first `count` images.
    pub(super) fn truncate(&mut self, count: usize) {
        let size = self.pixels.len() / self.len().max(1);
        self.labels.truncate(count);
        self.pixels.truncate(count.saturating_mul(size));
    }

    /// Finds a label that is no class.
    pub(super) fn check_labels(&self, file: &str, classes: usize) -> Result<(), Problem> {
        let wrong = self.labels.iter().position(|label| usize::from(*label) >= classes);
        match wrong {
            None => Ok(()),
            Some(index) => Err(Problem::new(format!(
                "label {} of image {index} is not one of the classes 0..={}",
                self.labels[index],
                classes - 1
            ))
            .in_file(file)),
        }
    }
}

impl Dataset {
    /// Puts two parts together and measures the training pixels.
    pub(super) fn new(
        name: &str,
        shape: (usize, usize, usize),
        train: Images,
        test: Images,
    ) -> Self {
        let channels = shape.2;
        let (mut sums, mut squares) = (vec![0_u64; channels], vec![0_u64; channels]);
        for pixel in train.pixels.chunks_exact(channels) {
            for (channel, value) in pixel.iter().enumerate() {
                let value = u64::from(*value);
                sums[channel] += value;
                squares[channel] += value * value;
            }
        }
        let count = (train.pixels.len() / channels).max(1) as f64;
        let mean: Vec<f64> = sums.iter().map(|sum| *sum as f64 / count).collect();
        let deviation = squares.iter().zip(&mean).map(|(square, mean)| {
            let deviation = (*square as f64 / count - mean * mean).max(0.0).sqrt();
            if deviation > 0.0 { deviation as f32 } else { 1.0 }
        });
        Self {
            name: name.to_owned(),
            shape,
            classes: 10,
            deviation: deviation.collect(),
            mean: mean.iter().map(|mean| *mean as f32).collect(),
            train,
            test,
        }
    }

    /// Keeps only the first images of each part.
    pub fn limit(&mut self, train: Option<usize>) {
        if let Some(count) = train {
            self.train.truncate(count);
        }
    }
}
