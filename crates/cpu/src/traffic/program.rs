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
//! slots; which of them a sweep uses, and which lines of them a cache fetches, follows from the
//! program's own order ([`Pass`]). Outputs are planes.

use super::{
    nest::{Access, Nest, Node, Region},
    slots::Pass,
    work::{Instructions, LayerNest, RegisterTraffic, bytes, product, scaled},
};
use crate::cost::{LayerWork, Tensor};
use signloop_base::Result;
use signloop_machine::CpuArch;
use signloop_network::workload::LayerShape;

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

/// Sizes of a program's blocks, patches, sweeps and streams.
struct Sizes {
    pixels: Pixels,
    line: u64,
    /// Bytes of a vector, and the partial sums that it holds.
    vector: u64,
    lanes: u64,
    /// Bytes of an input value.
    value: u64,
    groups: u64,
    channels: u64,
    filters: u64,
    rows: u64,
    columns: u64,
    row_blocks: u64,
    column_blocks: u64,
    blocks: u64,
    /// Bytes of one row of the patch, and of one padded row of an input plane.
    run: u64,
    pitch: u64,
    /// Rows of the patch, and bytes from one to the next.
    patch_rows: u64,
    patch_pitch: u64,
    plane: u64,
    group_planes: u64,
    image_planes: u64,
    temporaries: u64,
    input_loads: u64,
    patch_lines: u64,
    kernel_rows: u64,
    sweeps: u64,
    weight_part: u64,
    metadata_part: u64,
    slot_bytes: u64,
    /// Bytes of outputs that a block writes of one filter.
    out_run: u64,
}

impl Sizes {
    fn of(arch: &CpuArch, work: &LayerWork<'_>) -> Result<Self> {
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
        let kernel_span = (shape.kernel_height - 1) * shape.dilation + 1;
        let (patch_rows, patch_pitch) = if rows == 1 {
            (shape.kernel_height, shape.dilation * pitch)
        } else {
            (kernel_span + (rows - 1) * pixels.stride, pitch)
        };
        let last_row = (row_blocks * rows - 1) * pixels.stride + kernel_span;
        let plane = product("input bytes", &[pixels.padded_rows.max(last_row), pitch])?;
        let group_planes = product("input bytes", &[channels, plane])?;
        let image_planes = product("input bytes", &[groups, group_planes])?;
        let patch =
            Region::merged(0, run, vec![(patch_rows, patch_pitch), (channels, plane)], line);
        let patch_lines = product("patch lines", &[patch.runs(), (patch.bytes - 1) / line + 1])?;

        let temporaries = work.counts.stores.saturating_sub(shape.out_channels);
        let input_loads = input_loads(work, temporaries)?;
        let lines_per_load = (columns * value).div_ceil(line);
        let sweeps =
            scaled("sweeps", input_loads, lines_per_load, groups * patch_lines)?.clamp(1, filters);
        let part = |bits: u64| bits.div_ceil(8).div_ceil(groups).div_ceil(sweeps);
        let weight_part = part(work.storage.weight_bits);
        let metadata_part = part(work.storage.scale_bits + work.storage.metadata_bits);
        let slots = work.counts.peak_live.div_ceil(groups);
        let slot_bytes = product("temporary bytes", &[slots, vector])?;
        let out_run = bytes("output bytes", rows * columns, u64::from(work.bits.output))?;
        Ok(Self {
            pixels,
            line,
            vector,
            lanes,
            value,
            groups,
            channels,
            filters,
            rows,
            columns,
            row_blocks,
            column_blocks,
            blocks,
            run,
            pitch,
            patch_rows,
            patch_pitch,
            plane,
            group_planes,
            image_planes,
            temporaries,
            input_loads,
            patch_lines,
            kernel_rows: shape.kernel_height,
            sweeps,
            weight_part,
            metadata_part,
            slot_bytes,
            out_run,
        })
    }

    /// One pass of a group's program over a block.
    fn pass(&self, buffer: usize) -> Pass {
        let lines = |bytes: u64| bytes.div_ceil(self.line) as f64;
        Pass {
            buffer,
            slot_bytes: self.vector,
            line_bytes: self.line,
            groups: self.groups,
            blocks: self.blocks,
            rows: (self.channels * self.kernel_rows) as f64,
            row_lines: (self.run - 1) as f64 / self.line as f64 + 1.0,
            patch_lines: self.patch_lines as f64,
            stream: lines(self.sweeps * (self.weight_part + self.metadata_part)),
            outputs: self.filters as f64 * lines(self.out_run),
        }
    }

    /// Bytes of the slots that one sweep uses: those that it uses on average, where their order is
    /// known, and else all.
    fn slots_of_a_sweep(&self, work: &LayerWork<'_>, pass: Option<&Pass>) -> u64 {
        let (Some(slots), Some(pass)) = (work.slots, pass) else { return self.slot_bytes };
        let accesses = slots.accesses as f64 / (self.groups * self.sweeps) as f64;
        (pass.slot_lines(slots, accesses).ceil() as u64).saturating_mul(self.line)
    }
}

/// Loads of inputs: values and temporaries are read in proportion to their number, where the
/// program's own reads are not known.
fn input_loads(work: &LayerWork<'_>, temporaries: u64) -> Result<u64> {
    let loads = work.counts.loads;
    if let Some(slots) = work.slots {
        return Ok(slots.input_reads.min(loads));
    }
    let operands = work.shape.filter_len().saturating_mul(work.shape.groups);
    scaled("loads", loads, operands, operands.saturating_add(temporaries))
}

/// The loops of the nest, named as in the file's first lines.
#[derive(Clone, Copy)]
struct Loops {
    g: usize,
    image: usize,
    y: usize,
    x: usize,
    sweep: usize,
}

/// The nest and the in-core work of a program.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn layer_nest(arch: &CpuArch, work: &LayerWork<'_>) -> Result<LayerNest> {
    let sizes = Sizes::of(arch, work)?;
    let (nest, pass) = nest(work, &sizes)?;
    Ok(LayerNest {
        nest,
        pass,
        registers: registers(work, &sizes)?,
        instructions: instructions(arch, work, &sizes)?,
        sizes: vec![
            ("block_positions", sizes.rows * sizes.columns),
            ("lanes", sizes.lanes),
            ("blocks", sizes.blocks),
            ("sweeps", sizes.sweeps),
            ("temporary_bytes", sizes.slot_bytes),
        ],
        input_access: "direct (virtual im2col)",
    })
}

fn nest(work: &LayerWork<'_>, sizes: &Sizes) -> Result<(Nest, Option<Pass>)> {
    let Sizes { pixels, line, value, groups, columns, .. } = sizes;
    let mut nest = Nest::default();
    let g = nest.add_loop("g", *groups);
    let image = nest.add_loop("image", pixels.images);
    let y = nest.add_loop("y", sizes.row_blocks);
    let x = nest.add_loop("x", sizes.column_blocks);
    let sweep = nest.add_loop("sweep", sizes.sweeps);
    let loops = Loops { g, image, y, x, sweep };

    let slack = columns * sizes.column_blocks * pixels.stride * value;
    let input_bytes = product("input bytes", &[pixels.images, sizes.image_planes])? + slack;
    let inputs = nest.add_buffer(Tensor::Inputs, input_bytes, *line)?;
    let mut body = index_streams(&mut nest, loops, sizes)?;
    body.push(Node::Touch(nest.add_touch(
        inputs,
        Access::Read,
        (sizes.run, &[(sizes.patch_rows, sizes.patch_pitch), (sizes.channels, sizes.plane)]),
        &[
            (g, sizes.group_planes),
            (image, sizes.image_planes),
            (y, sizes.rows * pixels.stride * sizes.pitch),
            (x, columns * pixels.stride * value),
            (sweep, 0),
        ],
    )));
    let mut pass = work.slots.map(|_| sizes.pass(nest.buffers.len()));
    let slot_bytes = sizes.slots_of_a_sweep(work, pass.as_ref());
    if slot_bytes == 0 {
        pass = None;
    } else {
        let slots = nest.add_buffer(Tensor::PartialSums, slot_bytes, *line)?;
        body.push(Node::Touch(nest.add_touch(
            slots,
            Access::Write,
            (slot_bytes, &[]),
            &[(g, 0), (image, 0), (y, 0), (x, 0), (sweep, 0)],
        )));
    }
    body.push(outputs(&mut nest, loops, work, sizes)?);
    for outer in [sweep, x, y, image, g] {
        body = vec![Node::Loop(outer, body)];
    }
    nest.body = body;
    Ok((nest, pass))
}

/// The parts of the weights and of their metadata that a sweep reads.
fn index_streams(nest: &mut Nest, loops: Loops, sizes: &Sizes) -> Result<Vec<Node>> {
    let Loops { g, image, y, x, sweep } = loops;
    let streams = [(Tensor::Weights, sizes.weight_part), (Tensor::Metadata, sizes.metadata_part)];
    let mut touches = Vec::new();
    for (tensor, bytes) in streams.into_iter().filter(|(_, bytes)| *bytes > 0) {
        let group = product("index stream bytes", &[sizes.sweeps, bytes])?;
        let all = product("index stream bytes", &[sizes.groups, group])?;
        let stream = nest.add_buffer(tensor, all, sizes.line)?;
        touches.push(Node::Touch(nest.add_touch(
            stream,
            Access::Read,
            (bytes, &[]),
            &[(g, group), (image, 0), (y, 0), (x, 0), (sweep, bytes)],
        )));
    }
    Ok(touches)
}

/// The planes of outputs, of which a sweep writes some filters.
fn outputs(nest: &mut Nest, loops: Loops, work: &LayerWork<'_>, sizes: &Sizes) -> Result<Node> {
    let Loops { g, image, y, x, sweep } = loops;
    let out_run = sizes.out_run;
    let out_step = bytes("output bytes", sizes.columns, u64::from(work.bits.output))?;
    let out_row = if sizes.column_blocks == 1 { out_run } else { sizes.column_blocks * out_step };
    let out_plane = product("output bytes", &[sizes.row_blocks, out_row])?;
    let sweep_filters = sizes.filters.div_ceil(sizes.sweeps);
    let sweep_planes = product("output bytes", &[sweep_filters, out_plane])?;
    let out_group = product("output bytes", &[sizes.sweeps, sweep_planes])?;
    let out_image = product("output bytes", &[sizes.groups, out_group])?;
    let all = product("output bytes", &[sizes.pixels.images, out_image])?;
    let outputs = nest.add_buffer(Tensor::Outputs, all, sizes.line)?;
    Ok(Node::Touch(nest.add_touch(
        outputs,
        Access::Write,
        (out_run, &[(sweep_filters, out_plane)]),
        &[(g, out_group), (image, out_image), (y, out_row), (x, out_step), (sweep, sweep_planes)],
    )))
}

/// In the core: counts are per position; a vector instruction serves a whole block.
fn registers(work: &LayerWork<'_>, sizes: &Sizes) -> Result<Vec<RegisterTraffic>> {
    let Sizes { groups, sweeps, input_loads, vector, lanes, value, .. } = *sizes;
    let block_bytes = |what: &'static str, count: u64, bytes: u64| {
        product(what, &[product(what, &[count, sizes.blocks])?, bytes])
    };
    let moved =
        |tensor, read_bytes, write_bytes| RegisterTraffic { tensor, read_bytes, write_bytes };
    let other_loads = work.counts.loads - input_loads.min(work.counts.loads);
    let weights = block_bytes("weight bytes", groups * sweeps, sizes.weight_part)?;
    let metadata = block_bytes("metadata bytes", groups * sweeps, sizes.metadata_part)?;
    let inputs = block_bytes("input bytes", input_loads, lanes * value)?;
    let temporaries_read = block_bytes("temporary bytes", other_loads, vector)?;
    let temporaries_written = block_bytes("temporary bytes", sizes.temporaries, vector)?;
    let outputs = block_bytes("output bytes", work.shape.out_channels, sizes.out_run)?;
    Ok(vec![
        moved(Tensor::Weights, weights, 0),
        moved(Tensor::Metadata, metadata, 0),
        moved(Tensor::Inputs, inputs, 0),
        moved(Tensor::PartialSums, temporaries_read, temporaries_written),
        moved(Tensor::Outputs, 0, outputs),
    ])
}

fn instructions(arch: &CpuArch, work: &LayerWork<'_>, sizes: &Sizes) -> Result<Instructions> {
    let per_block = |what: &'static str, count: u64| product(what, &[count, sizes.blocks]);
    // Scales are applied in 32-bit lanes, whatever the width of the sums.
    let scale_vectors = sizes.lanes.div_ceil((arch.core.simd_bits.value / 32).max(1));
    let scale_muls = per_block("scale multiplies", work.counts.scale_muls)?;
    Ok(Instructions {
        adds: per_block("adds", work.counts.adds)?,
        multiply_adds: per_block("multiplies", work.counts.multiplies)?
            + product("scale multiplies", &[scale_muls, scale_vectors])?,
        logic: per_block("logic operations", work.counts.logic_ops)?,
        popcount_words: per_block("popcounts", work.counts.popcounts)?,
        popcounts: per_block("popcounts", work.counts.popcounts)?,
        loads: per_block("loads", work.counts.loads)?,
        stores: per_block("stores", work.counts.stores)?,
    })
}
