//! Block sizes and register tile of a layer that runs as a matrix product.

use crate::cost::LayerWork;
use signloop_machine::CpuArch;
use signloop_method::Execution;
use signloop_network::workload::LayerShape;

/// The block sizes that a nest is built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocking {
    /// Channels of one `pc` block.
    pub channels: u64,
    /// Output rows of one `ic` block.
    pub rows: u64,
    /// Filter panels of one `jc` block.
    pub panels: u64,
}

/// A layer as matrix product, one group at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) groups: u64,
    pub(super) images: u64,
    pub(super) channels: u64,
    pub(super) filters: u64,
    pub(super) taps: u64,
    pub(super) out_rows: u64,
    pub(super) out_columns: u64,
    pub(super) stride: u64,
    pub(super) kernel_rows: u64,
    pub(super) dilation: u64,
    pub(super) padded_rows: u64,
    pub(super) padded_columns: u64,
}

impl Product {
    pub(super) fn of(shape: &LayerShape) -> Self {
        // A fully connected layer has one position an image: the images are its rows.
        let flat = shape.in_height == 1 && shape.in_width == 1 && shape.padding == 0;
        let (images, padded_rows, out_rows) = if flat {
            (1, shape.batch, shape.batch)
        } else {
            (shape.batch, shape.in_height + 2 * shape.padding, shape.out_height())
        };
        Self {
            groups: shape.groups,
            images,
            channels: shape.in_channels / shape.groups,
            filters: shape.out_channels / shape.groups,
            taps: shape.kernel_height * shape.kernel_width,
            out_rows,
            out_columns: shape.out_width(),
            stride: if flat { 1 } else { shape.stride },
            kernel_rows: shape.kernel_height,
            dilation: shape.dilation,
            padded_rows,
            padded_columns: shape.in_width + 2 * shape.padding,
        }
    }
}

/// Register tile: positions, filters, and values of a vector register.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tile {
    pub(super) positions: u64,
    pub(super) filters: u64,
    pub(super) lanes: u64,
}

pub(super) fn tile(arch: &CpuArch, work: &LayerWork<'_>, product: &Product) -> Tile {
    let registers = arch.core.vector_registers.value.max(6);
    let positions = product.images * product.out_rows * product.out_columns;
    if work.execution == Execution::BitSerial {
        // One accumulator a position and filter; the words of a dot product fill the vector.
        let side = if registers >= 32 { 4 } else { 2 };
        let lanes = (arch.core.simd_bits.value / 64).max(1);
        return Tile { positions: side.min(positions), filters: side.min(product.filters), lanes };
    }
    let lanes = (arch.core.simd_bits.value / u64::from(work.bits.accumulator)).max(1);
    let vectors = product.filters.div_ceil(lanes).min(2);
    // Two registers hold weights and two are left for broadcasts.
    Tile {
        positions: ((registers - 4) / vectors).min(positions).max(1),
        filters: vectors * lanes,
        lanes,
    }
}

/// The block sizes tried: powers of two of splits, the same for every cache, so that a larger
/// cache never excludes a choice.
///
/// # Errors
/// None today; sizes come from a checked shape.
pub fn candidates(arch: &CpuArch, work: &LayerWork<'_>) -> Vec<Blocking> {
    let product = Product::of(work.shape);
    let tile = tile(arch, work, &product);
    let panels = product.filters.div_ceil(tile.filters);
    // The images of a linear layer are rows of one position each: a block of one row would leave all
    // but one place of the register tile empty.
    let fewest_rows = if product.out_columns == 1 { tile.positions } else { 1 };
    let fewest_rows = fewest_rows.min(product.out_rows);
    let splits = |size: u64, parts: &[u64]| {
        let mut sizes: Vec<u64> =
            parts.iter().map(|part| size.div_ceil((*part).min(size))).collect();
        sizes.dedup();
        sizes
    };
    let channel_splits: &[u64] =
        if work.execution == Execution::BitSerial { &[1] } else { &[1, 2, 4, 8, 16] };
    let mut found = Vec::new();
    for channels in splits(product.channels, channel_splits) {
        let mut row_blocks: Vec<u64> = splits(product.out_rows, &[1, 4, 16, u64::MAX])
            .into_iter()
            .map(|rows| rows.max(fewest_rows))
            .collect();
        row_blocks.dedup();
        for rows in row_blocks {
            for panels in splits(panels, &[1, 4]) {
                found.push(Blocking { channels, rows, panels });
            }
        }
    }
    found
}
