//! What a kernel asks of a layer, its weights, programs and options.

use std::sync::Arc;

use super::here::is_available;
use signloop_base::{Result, diagnostics::Problem};
use signloop_lower::{Activations, Finishing, KernelOptions};
use signloop_method::{InputSpace, OpProgram};
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// What every kernel asks of the weights and biases of a layer.
pub(super) fn check_weights(
    shape: &LayerShape,
    weights: &QuantizedTensor,
    options: &KernelOptions,
) -> Result<(), Problem> {
    if weights.shape() != shape.weight_shape() {
        return Err(Problem::new("the weights have another shape than the layer"));
    }
    if !options.bias.is_empty() && options.bias.len() as u64 != shape.out_channels {
        let message = format!("{} biases for {} filters", options.bias.len(), shape.out_channels);
        return Err(Problem::new(message));
    }
    // Sums of 8-bit activations fit 32 bits.
    if shape.filter_len() > u64::from(u32::MAX) / 512 {
        return Err(Problem::new(format!(
            "a filter of {} weights is too long",
            shape.filter_len()
        )));
    }
    Ok(())
}

/// What a kernel asks of its programs and options besides.
pub(super) fn check(
    shape: &LayerShape,
    weights: &QuantizedTensor,
    programs: &[Arc<OpProgram>],
    options: &KernelOptions,
) -> Result<()> {
    let fail = |message: String| Err(Problem::new(message).into());
    check_weights(shape, weights, options)?;
    let filters = (shape.out_channels / shape.groups) as usize;
    let fits = |program: &Arc<OpProgram>| {
        program.space() == InputSpace::Patch
            && u64::from(program.inputs()) == shape.filter_len()
            && program.outputs().len() == filters
    };
    if programs.len() as u64 != shape.groups || !programs.iter().all(fits) {
        return fail("the kernel runs one patch program a group, of this layer".into());
    }
    match options.activations {
        Activations::Fp32
            if matches!(options.finishing, Finishing::Sums | Finishing::Requantised) =>
        {
            return fail("fp32 activations give fp32 outputs".into());
        }
        Activations::Unsigned { bits } if !(1..=8).contains(&bits) => {
            return fail(format!("integer activations have 1 to 8 bits, not {bits}"));
        }
        _ => {}
    }
    if !is_available(options.isa) {
        return fail(format!("this processor has no {}", options.isa.name()));
    }
    Ok(())
}
