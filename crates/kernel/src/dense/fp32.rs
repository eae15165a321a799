//! fp32 convolution as a matrix product: patches of a block of pixels, then `gemm`.

use gemm::{Parallelism, gemm};

use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Pixels whose patches are unfolded at a time, so that they stay in a second-level cache.
const BLOCK: usize = 96;

/// A layer with its weights as fp32, and the patches of a block.
#[derive(Debug, Clone)]
pub struct DenseFp32 {
    shape: LayerShape,
    /// Scaled weights, filter by filter.
    weights: Vec<f32>,
    patches: Vec<f32>,
}

impl DenseFp32 {
    /// Unpacks the weights.
    #[must_use]
    pub fn new(shape: &LayerShape, weights: &QuantizedTensor) -> Self {
        let length = weights.shape().filter_len();
        let scaled = weights.codes().chunks(length.max(1)).zip(weights.scales());
        let weights = scaled
            .flat_map(|(codes, scale)| codes.iter().map(move |code| f32::from(*code) * scale))
            .collect();
        Self { shape: *shape, weights, patches: vec![0.0; length * BLOCK] }
    }

    /// Convolves an image × channel × row × column map into another, on one thread.
    ///
    /// # Panics
    /// A slice has the wrong length.
    pub fn run(&mut self, input: &[f32], output: &mut [f32]) {
        let shape = self.shape;
        assert_eq!(input.len() as u64, shape.input_elements(), "a map of this layer");
        assert_eq!(output.len() as u64, shape.output_elements(), "a map of this layer");
        let pixels = (shape.out_height() * shape.out_width()) as usize;
        let (filters, length) =
            ((shape.out_channels / shape.groups) as usize, shape.filter_len() as usize);
        for image in 0..shape.batch {
            for group in 0..shape.groups {
                let first = group as usize * filters;
                let weights = &self.weights[first * length..(first + filters) * length];
                let start = (image * shape.out_channels) as usize * pixels + first * pixels;
                let output = &mut output[start..start + filters * pixels];
                for from in (0..pixels).step_by(BLOCK) {
                    let block = BLOCK.min(pixels - from);
                    unfold(&shape, input, (image, group), from, block, &mut self.patches);
                    product(
                        filters,
                        block,
                        length,
                        weights,
                        &self.patches,
                        &mut output[from..],
                        pixels,
                    );
                }
            }
        }
    }
}

/// Patches of some pixels, one row a weight.
fn unfold(
    shape: &LayerShape,
    input: &[f32],
    (image, group): (u64, u64),
    from: usize,
    block: usize,
    patches: &mut [f32],
) {
    let channels = shape.in_channels / shape.groups;
    let mut rows = patches.chunks_exact_mut(BLOCK);
    for channel in 0..channels {
        let plane = image * shape.in_channels + group * channels + channel;
        for r in 0..shape.kernel_height {
            for s in 0..shape.kernel_width {
                let Some(row) = rows.next() else { return };
                for (pixel, value) in row[..block].iter_mut().enumerate() {
                    let (oy, ox) = (
                        (from + pixel) as u64 / shape.out_width(),
                        (from + pixel) as u64 % shape.out_width(),
                    );
                    let y = oy * shape.stride + r * shape.dilation;
                    let x = ox * shape.stride + s * shape.dilation;
                    let inside = (shape.padding..shape.in_height + shape.padding).contains(&y)
                        && (shape.padding..shape.in_width + shape.padding).contains(&x);
                    *value = if inside {
                        let y = plane * shape.in_height + y - shape.padding;
                        input[(y * shape.in_width + x - shape.padding) as usize]
                    } else {
                        0.0
                    };
                }
            }
        }
    }
}

#[expect(unsafe_code, reason = "the gemm crate's only form takes pointers and strides")]
fn product(
    filters: usize,
    block: usize,
    length: usize,
    weights: &[f32],
    patches: &[f32],
    output: &mut [f32],
    pitch: usize,
) {
    assert!(weights.len() >= filters * length && patches.len() >= length * BLOCK);
    assert!(output.len() >= (filters - 1) * pitch + block && block <= BLOCK);
    // SAFETY: the three matrices lie in the slices by the lengths asserted above: weights
    // filters × length row-major, patches length × block with rows of BLOCK, output filters ×
    // block with rows of `pitch`; the output is borrowed uniquely.
    unsafe {
        gemm(
            filters,
            block,
            length,
            output.as_mut_ptr(),
            1,
            pitch as isize,
            false,
            weights.as_ptr(),
            1,
            length as isize,
            patches.as_ptr(),
            1,
            BLOCK as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finishing, Reference, reference_fp32};
    use signloop_network::{
        quant::{Randomness, Scheme, synthesise},
        workload::LayerKind,
    };

    #[test]
    fn the_product_is_the_convolution() {
        let shape = LayerShape {
            kind: LayerKind::Conv,
            batch: 2,
            in_channels: 6,
            out_channels: 10,
            in_height: 13,
            in_width: 11,
            kernel_height: 3,
            kernel_width: 2,
            stride: 2,
            padding: 1,
            dilation: 2,
            groups: 2,
        }
        .checked()
        .unwrap();
        let random = Randomness { density: 0.5, spread: 0.0, seed: 3 };
        let weights = synthesise(Scheme::Ternary, shape.weight_shape(), random).unwrap();
        let input: Vec<f32> = (0..shape.input_elements()).map(|n| (n * 37 % 19) as f32).collect();
        let mut output = vec![0.0; shape.output_elements() as usize];
        DenseFp32::new(&shape, &weights).run(&input, &mut output);
        let expected = reference_fp32(&shape, &weights, &[], Finishing::Scaled, &input);
        // Small integers: exact in fp32.
        let Reference::Fp32(expected, _) = expected else { unreachable!() };
        assert_eq!(output, expected);
    }
}
