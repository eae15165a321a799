//! The parameter-free shortcut between maps of different sizes ("option A" of He et al. 2015):
//! every s-th pixel, with zero channels behind the existing ones.

/// How the second map of a sum reaches the first one's shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Subsample {
    /// Rows, columns and channels of the larger, thinner map.
    pub from: (usize, usize, usize),
    /// Rows, columns and channels of the sum.
    pub to: (usize, usize, usize),
    pub stride: usize,
}

impl Subsample {
    /// Between two checked shapes of the workload.
    pub(super) fn new(from: (usize, usize, usize), to: (usize, usize, usize)) -> Self {
        Self { from, to, stride: from.0.div_ceil(to.0) }
    }

    /// Whether it changes nothing.
    pub(super) fn is_identity(&self) -> bool {
        self.from == self.to
    }

    /// First floats of every pair of pixels: (source, target).
    fn pixels(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let Self { from, to, stride } = *self;
        (0..to.0).flat_map(move |row| {
            (0..to.1).map(move |column| {
                let source = (row * stride * from.1 + column * stride) * from.2;
                (source, (row * to.1 + column) * to.2)
            })
        })
    }

    /// Adds one image's source to its target.
    pub(super) fn add(&self, source: &[f32], target: &mut [f32]) {
        let channels = self.from.2;
        for (from, to) in self.pixels() {
            for (to, from) in target[to..to + channels].iter_mut().zip(&source[from..]) {
                *to += from;
            }
        }
    }

    /// Adds one image's target gradient to its source gradient: the transpose of `add`.
    pub(super) fn add_transposed(&self, target: &[f32], source: &mut [f32]) {
        let channels = self.from.2;
        for (from, to) in self.pixels() {
            for (from, to) in source[from..from + channels].iter_mut().zip(&target[to..]) {
                *from += to;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_pixel_goes_to_the_first_channels_and_back() {
        let shortcut = Subsample::new((3, 3, 1), (2, 2, 2));
        let source: Vec<f32> = (1..10).map(|x| x as f32).collect();
        let mut target = [0.0; 8];
        shortcut.add(&source, &mut target);
        assert_eq!(target, [1.0, 0.0, 3.0, 0.0, 7.0, 0.0, 9.0, 0.0]);
        let mut back = [0.0; 9];
        shortcut.add_transposed(&[1.0, 9.0, 2.0, 9.0, 3.0, 9.0, 4.0, 9.0], &mut back);
        assert_eq!(back, [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 4.0]);
    }
}
