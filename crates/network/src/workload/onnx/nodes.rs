//! Attributes of the operators that become layers, and the operators that do not.

use super::model::Node;

/// Where the kernel of a convolution or pool lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub kernel: [u64; 2],
    pub stride: u64,
    pub padding: u64,
    pub dilation: u64,
}

/// The window of a node, or what about it cannot be expressed.
pub(super) fn window(node: &Node, kernel: &[usize]) -> Result<Window, String> {
    let list = |key: &str| node.ints.get(key).map(Vec::as_slice).filter(|list| !list.is_empty());
    let weights: Vec<i64> = kernel.iter().map(|size| *size as i64).collect();
    let kernel: Vec<i64> = match list("kernel_shape") {
        Some(list) if !weights.is_empty() && list != weights => {
            return Err(format!("its `kernel_shape` is {list:?}, its weights say {weights:?}"));
        }
        Some(list) => list.to_vec(),
        None => weights,
    };
    let [height, width] = kernel[..] else {
        return Err(format!("its kernel has {} dimensions, expected 2", kernel.len()));
    };
    let equal = |key: &str, default: i64| match list(key) {
        None => Ok(default),
        Some([first, rest @ ..]) if rest.iter().all(|value| value == first) => Ok(*first),
        Some(values) => Err(format!("`{key}` is {values:?}: both axes and sides must be equal")),
    };
    let stride = equal("strides", 1)?;
    let dilation = equal("dilations", 1)?;
    let padding = match node.texts.get("auto_pad").map(String::as_str) {
        None | Some("NOTSET") => equal("pads", 0)?,
        Some("VALID") => 0,
        // At stride 1 "same" pads by half of what the kernel reaches over.
        Some("SAME_UPPER" | "SAME_LOWER") if stride == 1 && height == width => {
            let reach = height.checked_sub(1).and_then(|steps| steps.checked_mul(dilation));
            let reach = reach.filter(|reach| *reach >= 0).ok_or_else(|| {
                format!("its kernel is {height} wide with dilation {dilation}, which nothing pads")
            })?;
            if reach % 2 != 0 {
                return Err("`auto_pad` pads one side more than the other".to_owned());
            }
            reach / 2
        }
        Some(other) => return Err(format!("`auto_pad = {other}` with a stride is not read")),
    };
    if node.ints.get("ceil_mode").is_some_and(|mode| mode.contains(&1)) {
        return Err("`ceil_mode` is not modelled".to_owned());
    }
    let size = |value: i64| u64::try_from(value).map_err(|_| format!("a size is {value}"));
    Ok(Window {
        kernel: [size(height)?, size(width)?],
        stride: size(stride)?,
        padding: size(padding)?,
        dilation: size(dilation)?,
    })
}

/// Why an operator is no layer, for those that hand their first input on.
pub(super) fn passes_on(op: &str) -> Option<&'static str> {
    Some(match op {
        "BatchNormalization" | "InstanceNormalization" | "LayerNormalization" => {
            "normalisation is counted with the scale of the layer before"
        }
        "Relu" | "LeakyRelu" | "PRelu" | "Clip" | "Sigmoid" | "HardSigmoid" | "HardSwish"
        | "Tanh" | "Elu" | "Softmax" | "LogSoftmax" | "Gelu" => {
            "activation functions are not counted"
        }
        "Identity" | "Dropout" | "Cast" => "it changes no value at inference",
        "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" => {
            "linear layers read their input as one flat vector"
        }
        "QuantizeLinear" | "DequantizeLinear" => {
            "activations are quantised as the workload's `activation_bits` say"
        }
        _ => return None,
    })
}

/// Operators that compute shapes, not values.
pub(super) fn is_shape_arithmetic(op: &str) -> bool {
    matches!(op, "Constant" | "Shape" | "Gather" | "ConstantOfShape" | "Range" | "Size")
}
