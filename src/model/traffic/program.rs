//! Loop nest of `program` executions: straight-line code over a block of output pixels.
//!
//! ```text
//! for g, for image, for y (row blocks), for x (column blocks of one vector):
//!     for sweep: read a part of the index stream (weights, metadata),
//!                read the block's patch (direct, virtual im2col),
//!                update the temporaries, write the outputs of some filters
//! ```
//! A block is one vector of output pixels of one row, or of several short rows. Inputs are planes
//! C x H x W with their zero border stored, at whole bytes a value. The program reads its inputs
//! filter after filter; a sweep is the part of it that reads as many input lines as the patch has,
//! so that the patch is read once a sweep, in the same order. Temporaries are read and written in
//! slots that are used again in every sweep. Outputs are planes.

use super::{
    nest::{Access, Nest, Node, Region},
    work::{Instructions, LayerNest, RegisterTraffic, bytes, product, scaled},
};
use crate::{
    Result,
    arch::CpuArch,
    model::cost::{LayerWork, Tensor},
    workload::LayerShape,
};

/// Pixels as the blocks see them: a fully connected layer has its images side by side.
struct Pixels {
    images: u64,
    padded_rows: u64,
    padded_columns: u64,
    out_rows: u64,
    out_columns: u64,
    stride: u64,
}

impl Pixels {
    fn of(shape: &LayerShape) -> Self {
        if shape.in_height == 1 && shape.in_width == 1 && shape.padding == 0 {
            return Self {
                images: 1,
                padded_rows: 1,
                padded_columns: shape.batch,
                out_rows: 1,
                out_columns: shape.batch,
                stride: 1,
            };
        }
        Self {
            images: shape.batch,
            padded_rows: shape.in_height + 2 * shape.padding,
            padded_columns: shape.in_width + 2 * shape.padding,
            out_rows: shape.out_height(),
            out_columns: shape.out_width(),
            stride: shape.stride,
        }
    }
}

/// The nest and the in-core work of a program.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn layer_nest(arch: &CpuArch, work: &LayerWork<'_>) -> Result<LayerNest> {
    let shape = work.shape;
    let pixels = Pixels::of(shape);
    let line = arch.caches.first().map_or(64, |cache| cache.line_bytes.value);
    let vector = (arch.core.simd_bits.value / 8).max(1);
    let lanes = (arch.core.simd_bits.value / u64::from(work.bits.accumulator)).max(1);
    let value = u64::from(work.bits.activation).div_ceil(8).max(1);
    let groups = shape.groups;
    let (channels, filters) = (shape.in_channels / groups, shape.out_channels / groups);

    let rows = (lanes / pixels.out_columns).clamp(1, pixels.out_rows);
    let columns = lanes.min(pixels.out_columns);
    let row_blocks = pixels.out_rows.div_ceil(rows);
    let column_blocks = pixels.out_columns.div_ceil(columns);
    let blocks = product("blocks", &[pixels.images, row_blocks, column_blocks])?;

    // The patch of one block.
    let run =
        ((columns - 1) * pixels.stride + (shape.kernel_width - 1) * shape.dilation + 1) * value;
    let pitch = pixels.padded_columns * value;
    let (patch_rows, patch_pitch) = if rows == 1 {
        (shape.kernel_height, shape.dilation * pitch)
    } else {
        ((shape.kernel_height - 1) * shape.dilation + 1 + (rows - 1) * pixels.stride, pitch)
    };
    let last_row =
        (row_blocks * rows - 1) * pixels.stride + (shape.kernel_height - 1) * shape.dilation + 1;
    let plane = product("input bytes", &[pixels.padded_rows.max(last_row), pitch])?;
    let group_planes = product("input bytes", &[channels, plane])?;
    let image_planes = product("input bytes", &[groups, group_planes])?;
    let patch = Region::merged(0, run, vec![(patch_rows, patch_pitch), (channels, plane)], line);
    let patch_lines = product("patch lines", &[patch.runs(), (patch.bytes - 1) / line + 1])?;

    // Loads of inputs: values and temporaries are read in proportion to their number.
    let temporaries = work.counts.stores.saturating_sub(shape.out_channels);
    let operands = shape.filter_len().saturating_mul(groups);
    let input_loads = scaled("loads", work.counts.loads, operands, operands + temporaries)?;
    let lines_per_load = (columns * value).div_ceil(line);
    let sweeps =
        scaled("sweeps", input_loads, lines_per_load, groups * patch_lines)?.clamp(1, filters);

    let part = |bits: u64| bits.div_ceil(8).div_ceil(groups).div_ceil(sweeps);
    let weight_part = part(work.storage.weight_bits);
    let metadata_part = part(work.storage.scale_bits + work.storage.metadata_bits);
    let slots = work.counts.peak_live.div_ceil(groups);
    let slot_bytes = product("temporary bytes", &[slots, vector])?;

    let mut nest = Nest::default();
    let g = nest.add_loop("g", groups);
    let image = nest.add_loop("image", pixels.images);
    let y = nest.add_loop("y", row_blocks);
    let x = nest.add_loop("x", column_blocks);
    let sweep = nest.add_loop("sweep", sweeps);

    let slack = columns * column_blocks * pixels.stride * value;
    let inputs = nest.add_buffer(
        Tensor::Inputs,
        product("input bytes", &[pixels.images, image_planes])? + slack,
        line,
    )?;
    let mut body = Vec::new();
    for (tensor, bytes) in [(Tensor::Weights, weight_part), (Tensor::Metadata, metadata_part)] {
        if bytes == 0 {
            continue;
        }
        let group = product("index stream bytes", &[sweeps, bytes])?;
        let stream =
            nest.add_buffer(tensor, product("index stream bytes", &[groups, group])?, line)?;
        body.push(Node::Touch(nest.add_touch(
            stream,
            Access::Read,
            (bytes, &[]),
            &[(g, group), (image, 0), (y, 0), (x, 0), (sweep, bytes)],
        )));
    }
    body.push(Node::Touch(nest.add_touch(
        inputs,
        Access::Read,
        (run, &[(patch_rows, patch_pitch), (channels, plane)]),
        &[
            (g, group_planes),
            (image, image_planes),
            (y, rows * pixels.stride * pitch),
            (x, columns * pixels.stride * value),
            (sweep, 0),
        ],
    )));
    if slot_bytes > 0 {
        let slots = nest.add_buffer(Tensor::PartialSums, slot_bytes, line)?;
        body.push(Node::Touch(nest.add_touch(
            slots,
            Access::Write,
            (slot_bytes, &[]),
            &[(g, 0), (image, 0), (y, 0), (x, 0), (sweep, 0)],
        )));
    }
    let output_bits = u64::from(work.bits.output);
    let out_run = bytes("output bytes", rows * columns, output_bits)?;
    let out_step = bytes("output bytes", columns, output_bits)?;
    let out_row = if column_blocks == 1 { out_run } else { column_blocks * out_step };
    let out_plane = product("output bytes", &[row_blocks, out_row])?;
    let sweep_filters = filters.div_ceil(sweeps);
    let sweep_planes = product("output bytes", &[sweep_filters, out_plane])?;
    let out_group = product("output bytes", &[sweeps, sweep_planes])?;
    let out_image = product("output bytes", &[groups, out_group])?;
    let outputs = nest.add_buffer(
        Tensor::Outputs,
        product("output bytes", &[pixels.images, out_image])?,
        line,
    )?;
    body.push(Node::Touch(nest.add_touch(
        outputs,
        Access::Write,
        (out_run, &[(sweep_filters, out_plane)]),
        &[(g, out_group), (image, out_image), (y, out_row), (x, out_step), (sweep, sweep_planes)],
    )));
    for outer in [sweep, x, y, image, g] {
        body = vec![Node::Loop(outer, body)];
    }
    nest.body = body;

    // In the core: counts are per position; a vector instruction serves a whole block.
    let per_block = |what: &'static str, count: u64| product(what, &[count, blocks]);
    let other_loads = work.counts.loads - input_loads.min(work.counts.loads);
    let block_bytes = |what: &'static str, count: u64, bytes: u64| {
        product(what, &[per_block(what, count)?, bytes])
    };
    let registers = vec![
        RegisterTraffic {
            tensor: Tensor::Weights,
            read_bytes: block_bytes("weight bytes", groups * sweeps, weight_part)?,
            write_bytes: 0,
        },
        RegisterTraffic {
            tensor: Tensor::Metadata,
            read_bytes: block_bytes("metadata bytes", groups * sweeps, metadata_part)?,
            write_bytes: 0,
        },
        RegisterTraffic {
            tensor: Tensor::Inputs,
            read_bytes: block_bytes("input bytes", input_loads, lanes * value)?,
            write_bytes: 0,
        },
        RegisterTraffic {
            tensor: Tensor::PartialSums,
            read_bytes: block_bytes("temporary bytes", other_loads, vector)?,
            write_bytes: block_bytes("temporary bytes", temporaries, vector)?,
        },
        RegisterTraffic {
            tensor: Tensor::Outputs,
            read_bytes: 0,
            write_bytes: block_bytes("output bytes", shape.out_channels, out_run)?,
        },
    ];
    // Scales are applied in 32-bit lanes, whatever the width of the sums.
    let scale_vectors = lanes.div_ceil((arch.core.simd_bits.value / 32).max(1));
    let instructions = Instructions {
        adds: per_block("adds", work.counts.adds)?,
        multiply_adds: per_block("multiplies", work.counts.multiplies)?
            + product(
                "scale multiplies",
                &[per_block("scale multiplies", work.counts.scale_muls)?, scale_vectors],
            )?,
        logic: per_block("logic operations", work.counts.logic_ops)?,
        popcount_words: per_block("popcounts", work.counts.popcounts)?,
        popcounts: per_block("popcounts", work.counts.popcounts)?,
        loads: per_block("loads", work.counts.loads)?,
        stores: per_block("stores", work.counts.stores)?,
    };
    Ok(LayerNest {
        nest,
        registers,
        instructions,
        sizes: vec![
            ("block_positions", rows * columns),
            ("lanes", lanes),
            ("blocks", blocks),
            ("sweeps", sweeps),
            ("temporary_bytes", slot_bytes),
        ],
        input_access: "direct (virtual im2col)",
    })
}
