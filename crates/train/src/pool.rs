//! Max, average and global pooling of one NHWC image, forward and backward.

/// Shape of a pooling layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pooling {
    /// Rows, columns and channels of the input.
    pub input: (usize, usize, usize),
    /// Rows and columns of the output.
    pub output: (usize, usize),
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Average instead of maximum; padding is counted in the divisor, as PyTorch does.
    pub average: bool,
}

impl Pooling {
    /// The average over a whole map.
    pub(super) fn global(input: (usize, usize, usize)) -> Pooling {
        // A square window of the longer side reaches over the map; only real pixels are read,
        // and the divisor is corrected by `divisor`.
        let kernel = input.0.max(input.1);
        Self { input, output: (1, 1), kernel, stride: kernel, padding: 0, average: true }
    }

    fn divisor(&self) -> f32 {
        let area = match self.output {
            (1, 1) if self.padding == 0 => {
                self.kernel.min(self.input.0) * self.kernel.min(self.input.1)
            }
            _ => self.kernel * self.kernel,
        };
        area as f32
    }

    /// First floats of the input pixels that an output pixel reads.
    fn window(&self, row: usize, column: usize) -> impl Iterator<Item = usize> + Clone + use<> {
        let (height, width, channels) = self.input;
        let span = |place: usize, size: usize| {
            let start = (place * self.stride) as isize - self.padding as isize;
            let end = (start + self.kernel as isize).clamp(0, size as isize) as usize;
            start.max(0) as usize..end
        };
        let columns = span(column, width);
        span(row, height)
            .flat_map(move |y| columns.clone().map(move |x| (y * width + x) * channels))
    }

    fn pixels(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (rows, columns) = self.output;
        (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
    }

    /// Pools one image.
    pub(super) fn forward(&self, input: &[f32], output: &mut [f32]) {
        let channels = self.input.2;
        let factor = 1.0 / self.divisor();
        for ((row, column), out) in self.pixels().zip(output.chunks_exact_mut(channels)) {
            out.fill(if self.average { 0.0 } else { f32::NEG_INFINITY });
            for place in self.window(row, column) {
                for (out, x) in out.iter_mut().zip(&input[place..place + channels]) {
                    *out = if self.average { *out + x } else { out.max(*x) };
                }
            }
            if self.average {
                out.iter_mut().for_each(|out| *out *= factor);
            }
        }
    }

    /// Adds the data gradient of one image. A maximum's gradient goes to its first place.
    pub(super) fn backward(
        &self,
        input: &[f32],
        output: &[f32],
        gradient: &[f32],
        data: &mut [f32],
    ) {
        let channels = self.input.2;
        let factor = 1.0 / self.divisor();
        let outputs = output.chunks_exact(channels).zip(gradient.chunks_exact(channels));
        for ((row, column), (out, gradient)) in self.pixels().zip(outputs) {
            if self.average {
                for place in self.window(row, column) {
                    for (data, g) in data[place..place + channels].iter_mut().zip(gradient) {
                        *data += factor * g;
                    }
                }
                continue;
            }
            for channel in 0..channels {
                let mut window = self.window(row, column).map(|place| place + channel);
                if let Some(place) = window.find(|place| input[*place] == out[channel]) {
                    data[place] += gradient[channel];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooling(average: bool) -> Pooling {
        Pooling { input: (4, 4, 1), output: (2, 2), kernel: 3, stride: 2, padding: 1, average }
    }

    #[test]
    fn windows_of_a_known_map() {
        let input: Vec<f32> = (0..16).map(|x| x as f32).collect();
        let mut out = [0.0; 4];
        pooling(false).forward(&input, &mut out);
        assert_eq!(out, [5.0, 7.0, 13.0, 15.0]);
        pooling(true).forward(&input, &mut out);
        // The first window holds 0, 1, 4, 5 and five padded zeros.
        assert_eq!(out[0], 10.0 / 9.0);
        let mut global = [0.0];
        Pooling::global((2, 8, 1)).forward(&input, &mut global);
        assert_eq!(global, [7.5]);
    }

    #[test]
    fn gradients_are_adjoint() {
        // ⟨dy, pool(x)⟩ = ⟨dx, x⟩ holds for the average everywhere, for the maximum at x itself.
        let input: Vec<f32> = (0..16).map(|x| ((x * 7) % 16) as f32).collect();
        let gradient = [1.0, -2.0, 3.0, 0.5];
        for average in [false, true] {
            let (mut out, mut data) = ([0.0; 4], [0.0; 16]);
            pooling(average).forward(&input, &mut out);
            pooling(average).backward(&input, &out, &gradient, &mut data);
            let left: f32 = out.iter().zip(&gradient).map(|(a, b)| a * b).sum();
            let right: f32 = data.iter().zip(&input).map(|(a, b)| a * b).sum();
            assert!((left - right).abs() < 1e-5, "{left} {right}");
        }
    }
}
