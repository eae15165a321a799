//! Where the windows of convolutions and pools lie, axis by axis.

use super::{
    model::Node,
    refusal::{Refusal, refuse},
};
use crate::workload::MAX_DIMENSION;

/// One axis of a window over a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub size: u64,
    pub kernel: u64,
    pub stride: u64,
    pub dilation: u64,
    /// Padding before and after.
    pub begin: u64,
    pub end: u64,
    /// Positions of the window.
    pub out: u64,
    /// One more would begin in the padding behind the map, which not all tools leave out.
    pub left_out: bool,
}

impl Axis {
    /// An axis that a 1-D window does not have.
    pub(super) fn single() -> Self {
        Self {
            size: 1,
            kernel: 1,
            stride: 1,
            dilation: 1,
            begin: 0,
            end: 0,
            out: 1,
            left_out: false,
        }
    }

    /// Pixels from the first to the last that one position reads.
    pub(super) fn reach(&self) -> u64 {
        self.dilation * (self.kernel - 1) + 1
    }
}

/// A list of an attribute, one value an axis.
fn list(
    node: &Node,
    key: &str,
    count: usize,
    default: u64,
    least: u64,
) -> Result<Vec<u64>, Refusal> {
    let Some(values) = node.list(key) else { return Ok(vec![default; count]) };
    if values.len() != count {
        return Err(format!("`{key}` is {values:?}, expected {count} values").into());
    }
    values
        .iter()
        .map(|value| {
            let size = u64::try_from(*value).ok();
            size.filter(|size| (least..=MAX_DIMENSION).contains(size))
                .ok_or_else(|| format!("`{key}` is {values:?}").into())
        })
        .collect()
}

/// The size of the kernel: what the weights say, or the attribute where there are none.
fn kernel(node: &Node, weights: Option<&[u64]>, axes: usize) -> Result<Vec<u64>, Refusal> {
    match (node.list("kernel_shape"), weights) {
        (None, Some(weights)) => Ok(weights.to_vec()),
        (None, None) => Err("it has no `kernel_shape`".into()),
        (Some(stated), Some(weights))
            if !stated.iter().map(|size| *size as u64).eq(weights.iter().copied()) =>
        {
            Err(format!("its `kernel_shape` is {stated:?}, its weights say {weights:?}").into())
        }
        (Some(_), _) => list(node, "kernel_shape", axes, 1, 1),
    }
}

/// The window of a convolution or pool over a map of these sizes (without batch and channels).
pub(super) fn window(
    node: &Node,
    sizes: &[u64],
    weights: Option<&[u64]>,
) -> Result<Vec<Axis>, Refusal> {
    let count = sizes.len();
    let kernel = kernel(node, weights, count)?;
    let strides = list(node, "strides", count, 1, 1)?;
    let dilations = list(node, "dilations", count, 1, 1)?;
    let pads = list(node, "pads", 2 * count, 0, 0)?;
    let auto = node.texts.get("auto_pad").map_or("NOTSET", String::as_str);
    let ceil = node.flag("ceil_mode");
    let axis = |at: usize| {
        let (size, stride) = (sizes[at], strides[at]);
        let (begin, end) = (pads[at], pads[at + count]);
        let (kernel, dilation) = (kernel[at], dilations[at]);
        let mut axis = Axis { size, kernel, stride, dilation, begin, end, out: 0, left_out: false };
        if kernel > MAX_DIMENSION || size > MAX_DIMENSION {
            return Err(format!("a kernel of {kernel} over {size} pixels is too large").into());
        }
        let reach = axis.reach();
        match auto {
            "NOTSET" => {}
            "VALID" => (axis.begin, axis.end) = (0, 0),
            "SAME_UPPER" | "SAME_LOWER" => {
                let total = ((size.div_ceil(stride) - 1) * stride + reach).saturating_sub(size);
                let less = total / 2;
                (axis.begin, axis.end) =
                    if auto == "SAME_UPPER" { (less, total - less) } else { (total - less, less) };
            }
            other => return Err(format!("`auto_pad` is `{other}`").into()),
        }
        let padded = size + axis.begin + axis.end;
        let Some(room) = padded.checked_sub(reach) else {
            return Err(Refusal::from(format!(
                "its kernel reaches over {reach} pixels, the padded input has {padded}"
            )));
        };
        axis.out = if ceil { room.div_ceil(stride) } else { room / stride } + 1;
        // A window that would begin in the padding after the map is left out.
        if ceil && (axis.out - 1) * stride >= size + axis.begin {
            axis.out -= 1;
            axis.left_out = true;
        }
        Ok(axis)
    };
    (0..count).map(axis).collect()
}

/// Sizes that a transposed convolution gives, without batch and channels.
pub(super) fn transposed(node: &Node, sizes: &[u64], weights: &[u64]) -> Result<Vec<u64>, Refusal> {
    let count = sizes.len();
    let kernel = kernel(node, Some(weights), count)?;
    let strides = list(node, "strides", count, 1, 1)?;
    let dilations = list(node, "dilations", count, 1, 1)?;
    let pads = list(node, "pads", 2 * count, 0, 0)?;
    let more = list(node, "output_padding", count, 0, 0)?;
    let auto = node.texts.get("auto_pad").map_or("NOTSET", String::as_str);
    if let Some(stated) = node.list("output_shape") {
        // Some tools state batch and channels, too.
        let spatial = &stated[stated.len().saturating_sub(count)..];
        let sizes: Option<Vec<u64>> =
            spatial.iter().map(|size| u64::try_from(*size).ok().filter(|size| *size > 0)).collect();
        let sizes = sizes.filter(|sizes| sizes.len() == count);
        return sizes.ok_or_else(|| format!("its `output_shape` is {stated:?}").into());
    }
    (0..count)
        .map(|at| {
            let (size, stride) = (sizes[at], strides[at]);
            if size > MAX_DIMENSION || kernel[at] > MAX_DIMENSION {
                return Err(
                    format!("a kernel of {} over {size} pixels is too large", kernel[at]).into()
                );
            }
            let whole = stride * (size - 1) + dilations[at] * (kernel[at] - 1) + 1 + more[at];
            let out = match auto {
                "NOTSET" => whole.checked_sub(pads[at] + pads[at + count]),
                "VALID" => Some(whole),
                "SAME_UPPER" | "SAME_LOWER" => Some(size * stride),
                other => return Err(format!("`auto_pad` is `{other}`").into()),
            };
            out.filter(|out| *out > 0).ok_or_else(|| "its padding leaves nothing".into())
        })
        .collect()
}

/// A window as a workload's layer has it: one stride, dilation and padding for both axes.
#[derive(Debug)]
pub(super) struct Square {
    /// Sizes of the map that the layer reads: the input's, or what is left and added of it.
    pub map: [u64; 2],
    pub stride: u64,
    pub dilation: u64,
    pub padding: u64,
}

/// Rows and columns under one stride, dilation and padding, if their window can be said so.
pub(super) fn square(rows: Axis, columns: Axis) -> Result<Square, Refusal> {
    let pick = |one: u64, other: u64, first_is_free: bool, second_is_free: bool| {
        if one == other || second_is_free { Some(one) } else { first_is_free.then_some(other) }
    };
    // The step of a window with one position, and the spread of a kernel with one tap, mean nothing.
    let stride = pick(rows.stride, columns.stride, rows.out == 1, columns.out == 1);
    let dilation = pick(rows.dilation, columns.dilation, rows.kernel == 1, columns.kernel == 1);
    let Some(stride) = stride else {
        return refuse(
            format!("its strides are {} and {}, which differ", rows.stride, columns.stride),
            "a workload has one stride for both axes: export it with equal strides, or with stride \
             1 along the shorter axis",
        );
    };
    let Some(dilation) = dilation else {
        return refuse(
            format!("its dilations are {} and {}, which differ", rows.dilation, columns.dilation),
            "a workload has one dilation for both axes: export it with equal dilations",
        );
    };
    let pads = [rows.begin, rows.end, columns.begin, columns.end];
    let common = if pads.iter().all(|pad| *pad == pads[0]) { pads[0] } else { 0 };
    // Padding that differs is part of the map that is read; so are pixels that no window reads.
    let read = |axis: Axis, padding: u64| {
        let padded = axis.size + axis.begin + axis.end;
        let read = stride * (axis.out - 1) + axis.reach();
        match (padding, axis.stride == stride) {
            (1.., _) => axis.size,
            (0, true) => padded.max(read),
            (0, false) => read,
        }
    };
    for padding in [common, 0] {
        let map = [read(rows, padding), read(columns, padding)];
        let fits = [(map[0], rows), (map[1], columns)].into_iter().all(|(size, axis)| {
            let room = (size + 2 * padding).checked_sub(axis.reach());
            room.is_some_and(|room| room / stride + 1 == axis.out)
        });
        if fits {
            return Ok(Square { map, stride, dilation, padding });
        }
    }
    refuse(
        "its window cannot be said with one stride and padding for both axes",
        "put a Pad of its own before it, and leave its padding 0",
    )
}
