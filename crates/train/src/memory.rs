//! How much memory training takes, so that what cannot fit is refused before it is allocated.

use signloop_network::workload::Workload;

/// Largest network that memory is allocated for.
pub(super) const MOST_BYTES: u64 = 64 << 30;

/// About what training holds: three maps a node (value, convolution output, gradient), and for
/// a weight its value, gradient, two moments, quantised and packed forms, and eight partial sums.
pub(super) fn needed_bytes(workload: &Workload, batch: u64) -> Option<u64> {
    let shapes = workload.nodes.iter().map(|node| &node.output).chain([&workload.input]);
    let mut floats = 0_u64;
    for shape in shapes {
        let pixels = shape.height.checked_mul(shape.width)?.checked_mul(shape.channels)?;
        floats = floats.checked_add(pixels.checked_mul(batch)?.checked_mul(3)?)?;
    }
    for layer in workload.layers() {
        floats = floats.checked_add((layer.shape.weight_shape().len() as u64).checked_mul(15)?)?;
    }
    floats.checked_mul(4)
}
