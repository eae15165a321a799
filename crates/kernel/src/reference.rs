//! The kernel that defines right: a direct convolution, one output at a time.

use signloop_lower::Finishing;
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Outputs of a reference run, in image × filter × row × column order.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// fp32 outputs, and for each the sum of the magnitudes that were added (for error bounds).
    Fp32(Vec<f32>, Vec<f32>),
    /// Integer sums.
    Sums(Vec<i32>),
    /// Requantised outputs.
    Bytes(Vec<u8>),
}

/// Calls with every output's index and filter, and the (input index, code) pairs that it sums.
fn each_output(
    shape: &LayerShape,
    weights: &QuantizedTensor,
    mut visit: impl FnMut(usize, usize, &mut dyn Iterator<Item = (usize, i8)>),
) {
    let channels = shape.in_channels / shape.groups;
    let group_filters = shape.out_channels / shape.groups;
    let mut output = 0;
    for image in 0..shape.batch {
        for filter in 0..shape.out_channels {
            let codes = weights.filter(filter as usize);
            let first = filter / group_filters * channels;
            for y in 0..shape.out_height() {
                for x in 0..shape.out_width() {
                    let mut taps = (0..shape.filter_len()).filter_map(|tap| {
                        let (s, rest) = (tap % shape.kernel_width, tap / shape.kernel_width);
                        let (r, channel) = (rest % shape.kernel_height, rest / shape.kernel_height);
                        let place = |out: u64, tap: u64| {
                            (out * shape.stride + tap * shape.dilation).checked_sub(shape.padding)
                        };
                        let row = place(y, r).filter(|row| *row < shape.in_height)?;
                        let column = place(x, s).filter(|column| *column < shape.in_width)?;
                        let plane = image * shape.in_channels + first + channel;
                        let index = (plane * shape.in_height + row) * shape.in_width + column;
                        Some((index as usize, codes[tap as usize]))
                    });
                    visit(output, filter as usize, &mut taps);
                    output += 1;
                }
            }
        }
    }
}

/// fp32 activations: exact products summed in fp64, scaled, rounded once.
#[must_use]
pub fn reference_fp32(
    shape: &LayerShape,
    weights: &QuantizedTensor,
    bias: &[f32],
    finishing: Finishing,
    input: &[f32],
) -> Reference {
    let mut outputs = vec![0.0; shape.output_elements() as usize];
    let mut magnitudes = outputs.clone();
    each_output(shape, weights, |output, filter, taps| {
        let (mut sum, mut magnitude) = (0.0, 0.0);
        for (index, code) in taps {
            let value = f64::from(input[index]) * f64::from(code);
            sum += value;
            magnitude += value.abs();
        }
        let scale = f64::from(weights.scales()[filter]);
        let bias = f64::from(bias.get(filter).copied().unwrap_or(0.0));
        let value = sum * scale + bias;
        let value = if finishing == Finishing::Relu { value.max(0.0) } else { value };
        outputs[output] = value as f32;
        magnitudes[output] = (magnitude * scale.abs() + bias.abs()) as f32;
    });
    Reference::Fp32(outputs, magnitudes)
}

/// Integer activations: exact sums, then the fp32 operations that every back end does in this
/// order (convert, multiply, add), so that results are equal bit by bit.
#[must_use]
pub fn reference_integer(
    shape: &LayerShape,
    weights: &QuantizedTensor,
    bias: &[f32],
    finishing: Finishing,
    input: &[u8],
) -> Reference {
    let mut sums = vec![0_i32; shape.output_elements() as usize];
    let mut scaled = vec![0_f32; sums.len()];
    each_output(shape, weights, |output, filter, taps| {
        let sum: i32 = taps.map(|(index, code)| i32::from(input[index]) * i32::from(code)).sum();
        sums[output] = sum;
        let bias = bias.get(filter).copied().unwrap_or(0.0);
        scaled[output] = finish(sum, weights.scales()[filter], bias, finishing);
    });
    match finishing {
        Finishing::Sums => Reference::Sums(sums),
        Finishing::Scaled | Finishing::Relu => Reference::Fp32(scaled, Vec::new()),
        Finishing::Requantised => {
            Reference::Bytes(scaled.into_iter().map(|value| value as u8).collect())
        }
    }
}

/// scale·sum + bias, clamped and rounded as `finishing` says.
pub(super) fn finish(sum: i32, scale: f32, bias: f32, finishing: Finishing) -> f32 {
    finish_fp32(sum as f32, scale, bias, finishing)
}

/// As [`finish`], of an fp32 sum.
pub(super) fn finish_fp32(sum: f32, scale: f32, bias: f32, finishing: Finishing) -> f32 {
    let product = sum * scale;
    let value = if bias == 0.0 { product } else { product + bias };
    match finishing {
        Finishing::Sums | Finishing::Scaled => value,
        Finishing::Relu => value.max(0.0),
        Finishing::Requantised => value.max(0.0).round_ties_even().min(255.0),
    }
}
