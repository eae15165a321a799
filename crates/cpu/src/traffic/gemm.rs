//! Loop nest of `gemm` and `bit-serial` executions: packed panels and a register tile.
//!
//! ```text
//! for g, for jc (filter blocks), for pc (channel blocks), for image, for ic (row blocks):
//!     for oy: read input rows, write one packed row          (im2col of one block)
//!     for jr (filter panels of nr): read scales
//!         for ir (position panels of mr): read weight panel kc x nr, read packed panel mr x kc,
//!                                         update the tile of partial sums if pc has several trips,
//!                                         write the tile of outputs in the last pc
//! ```
//! Weights are packed ahead of time in the order they are read. Inputs lie in channel blocks,
//! rows inside, with their zero border stored. `bit-serial` packs 64-bit words of bit planes and
//! does not split the channels. Loop order after Goto and van de Geijn (ACM TOMS 2008).

use super::{
    blocking::{Blocking, Product, Tile, tile},
    nest::{Access, Nest, Node},
    work::{
        Instructions, LayerNest, RegisterTraffic, bytes, popcount_instructions, product, scaled,
    },
};
use crate::cost::{LayerWork, Tensor};
use signloop_base::Result;
use signloop_machine::CpuArch;
use signloop_method::Execution;

/// Sizes of one blocking: trips of the loops and bytes of the tiles.
struct Sizes {
    layer: Product,
    tile: Tile,
    blocking: Blocking,
    line: u64,
    activation: u64,
    bit_serial: bool,
    channel_blocks: u64,
    row_blocks: u64,
    all_panels: u64,
    filter_blocks: u64,
    block_positions: u64,
    position_tile: u64,
    position_tiles: u64,
    /// Values that one pass over a channel block adds into an output.
    depth: u64,
    /// Words of bit planes of that depth.
    words: u64,
    weights_per_filter: u64,
    panel_bytes: u64,
    side_bytes: u64,
    row_bytes: u64,
    /// Bytes of the rows of one channel block of one image.
    slab: u64,
    sum_tile: u64,
    output_tile: u64,
    packed_panel: u64,
    packed_block: u64,
    packed_row: u64,
}

impl Sizes {
    fn of(arch: &CpuArch, work: &LayerWork<'_>, blocking: Blocking) -> Result<Self> {
        let layer = Product::of(work.shape);
        let tile = tile(arch, work, &layer);
        let activation = u64::from(work.bits.activation);
        let bit_serial = work.execution == Execution::BitSerial;
        let channel_blocks = layer.channels.div_ceil(blocking.channels);
        let row_blocks = layer.out_rows.div_ceil(blocking.rows);
        let all_panels = layer.filters.div_ceil(tile.filters);
        let block_positions = product("positions", &[blocking.rows, layer.out_columns])?;
        let position_tile = tile.positions.min(block_positions);
        let position_tiles = block_positions.div_ceil(position_tile);
        let depth = blocking.channels * layer.taps;
        // Bytes of one position's packed values of a channel block.
        let words = depth.div_ceil(64);
        let packed_value = if bit_serial {
            product("packed bytes", &[words, 8, activation])?
        } else {
            bytes("packed bytes", depth, activation)?
        };
        let weights_per_filter = work.storage.weight_bits.div_ceil(work.shape.out_channels.max(1));
        let panel_bits = product("weight bits", &[weights_per_filter, tile.filters])?;
        let panel_bytes =
            scaled("weight bytes", panel_bits, depth, 8 * layer.channels * layer.taps)?.max(1);
        let side_bits = work.storage.scale_bits + work.storage.metadata_bits;
        let side_bytes =
            scaled("metadata bytes", side_bits, tile.filters, 8 * work.shape.out_channels)?;
        let row_bytes = bytes("input bytes", layer.padded_columns * blocking.channels, activation)?;
        let span = layer.dilation * (layer.kernel_rows - 1) + 1;
        let slab_rows =
            layer.padded_rows.max((row_blocks * blocking.rows - 1) * layer.stride + span);
        let slab = product("input bytes", &[slab_rows, row_bytes])?;
        let tile_values = position_tile * tile.filters;
        let sum_tile = bytes("partial sum bytes", tile_values, u64::from(work.bits.accumulator))?;
        let output_tile = bytes("output bytes", tile_values, u64::from(work.bits.output))?;
        let packed_panel = product("packed bytes", &[position_tile, packed_value])?;
        Ok(Self {
            line: arch.caches.first().map_or(64, |cache| cache.line_bytes.value),
            filter_blocks: all_panels.div_ceil(blocking.panels),
            packed_block: product("packed bytes", &[position_tiles, packed_panel])?,
            packed_row: product("packed bytes", &[layer.out_columns, packed_value])?,
            layer,
            tile,
            blocking,
            activation,
            bit_serial,
            channel_blocks,
            row_blocks,
            all_panels,
            block_positions,
            position_tile,
            position_tiles,
            depth,
            words,
            weights_per_filter,
            panel_bytes,
            side_bytes,
            row_bytes,
            slab,
            sum_tile,
            output_tile,
            packed_panel,
        })
    }

    /// Bytes that a filter panel, a row block, an image and a filter block take of a tensor whose
    /// tiles of `bytes` lie in the order in which they are written.
    fn tile_steps(&self, bytes: u64) -> Result<[u64; 4]> {
        let column = product("output bytes", &[self.position_tiles, bytes])?;
        let block = product("output bytes", &[self.blocking.panels, column])?;
        let image = product("output bytes", &[self.row_blocks, block])?;
        Ok([column, block, image, product("output bytes", &[self.layer.images, image])?])
    }
}

/// The loops of the nest, named as in the file's first lines.
#[derive(Clone, Copy)]
struct Loops {
    g: usize,
    jc: usize,
    pc: usize,
    image: usize,
    ic: usize,
    oy: usize,
    jr: usize,
    ir: usize,
}

impl Loops {
    fn add(nest: &mut Nest, sizes: &Sizes) -> Self {
        Self {
            g: nest.add_loop("g", sizes.layer.groups),
            jc: nest.add_loop("jc", sizes.filter_blocks),
            pc: nest.add_loop("pc", sizes.channel_blocks),
            image: nest.add_loop("image", sizes.layer.images),
            ic: nest.add_loop("ic", sizes.row_blocks),
            oy: nest.add_loop("oy", sizes.blocking.rows),
            jr: nest.add_loop("jr", sizes.blocking.panels),
            ir: nest.add_loop("ir", sizes.position_tiles),
        }
    }
}

/// The nest and the in-core work of one blocking.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn layer_nest(arch: &CpuArch, work: &LayerWork<'_>, blocking: Blocking) -> Result<LayerNest> {
    let sizes = Sizes::of(arch, work, blocking)?;
    let nest = nest(&sizes)?;
    let tiles = TileCounts::of(&sizes)?;
    let registers = registers(&sizes, &tiles)?;
    let instructions = instructions(arch, work, &sizes, &tiles, &registers)?;
    Ok(LayerNest {
        nest,
        registers,
        instructions,
        pass: None,
        sizes: vec![
            ("mr_positions", sizes.position_tile),
            ("nr_filters", sizes.tile.filters),
            ("kc_depth", sizes.depth),
            ("mc_positions", sizes.block_positions),
            ("nc_filters", blocking.panels * sizes.tile.filters),
        ],
        input_access: "packed blocks (im2col of one block)",
    })
}

fn nest(sizes: &Sizes) -> Result<Nest> {
    let mut nest = Nest::default();
    let loops = Loops::add(&mut nest, sizes);
    let [read_inputs, write_packed, read_weights, read_packed] = operands(&mut nest, loops, sizes)?;
    let write_outputs = outputs(&mut nest, loops, sizes)?;
    let mut panel = Vec::new();
    let mut micro = vec![Node::Touch(read_weights), Node::Touch(read_packed)];
    if sizes.side_bytes > 0 {
        panel.push(Node::Touch(metadata(&mut nest, loops, sizes)?));
    }
    if sizes.channel_blocks > 1 {
        micro.push(Node::Touch(partial_sums(&mut nest, loops, sizes)?));
    }
    micro.push(Node::Touch(write_outputs));
    panel.push(Node::Loop(loops.ir, micro));
    let pack = Node::Loop(loops.oy, vec![Node::Touch(read_inputs), Node::Touch(write_packed)]);
    let mut body = vec![pack, Node::Loop(loops.jr, panel)];
    for outer in [loops.ic, loops.image, loops.pc, loops.jc, loops.g] {
        body = vec![Node::Loop(outer, body)];
    }
    nest.body = body;
    Ok(nest)
}

/// Inputs read, packed values written, weights read, packed values read.
fn operands(nest: &mut Nest, loops: Loops, sizes: &Sizes) -> Result<[usize; 4]> {
    let Loops { g, jc, pc, image, ic, oy, jr, ir } = loops;
    let Sizes { layer, blocking, slab, row_bytes, line, panel_bytes, .. } = *sizes;
    let Sizes { packed_panel, packed_row, packed_block, channel_blocks, .. } = *sizes;
    let block_slabs = product("input bytes", &[channel_blocks, slab])?;
    let image_slabs = product("input bytes", &[layer.groups, block_slabs])?;
    let input_bytes = product("input bytes", &[layer.images, image_slabs])?;
    let inputs = nest.add_buffer(Tensor::Inputs, input_bytes, line)?;
    let row_step = product("input bytes", &[layer.stride, row_bytes])?;
    let tap_step = product("input bytes", &[layer.dilation, row_bytes])?;
    let packed = nest.add_buffer(Tensor::Packed, packed_block, line)?;
    let panel_block = product("weight bytes", &[blocking.panels, panel_bytes])?;
    let panel_column = product("weight bytes", &[channel_blocks, panel_block])?;
    let panel_group = product("weight bytes", &[sizes.filter_blocks, panel_column])?;
    let weight_bytes = product("weight bytes", &[layer.groups, panel_group])?;
    let weights = nest.add_buffer(Tensor::Weights, weight_bytes, line)?;
    let read_inputs = nest.add_touch(
        inputs,
        Access::Read,
        (row_bytes, &[(layer.kernel_rows, tap_step)]),
        &[
            (g, block_slabs),
            (jc, 0),
            (pc, slab),
            (image, image_slabs),
            (ic, product("input bytes", &[blocking.rows, row_step])?),
            (oy, row_step),
        ],
    );
    let outer = [(g, 0), (jc, 0), (pc, 0), (image, 0), (ic, 0)];
    let write_packed = nest.add_touch(
        packed,
        Access::Write,
        (packed_row, &[]),
        &[&outer[..], &[(oy, packed_row)]].concat(),
    );
    let read_weights = nest.add_touch(
        weights,
        Access::Read,
        (panel_bytes, &[]),
        &[
            (g, panel_group),
            (jc, panel_column),
            (pc, panel_block),
            (image, 0),
            (ic, 0),
            (jr, panel_bytes),
            (ir, 0),
        ],
    );
    let read_packed = nest.add_touch(
        packed,
        Access::Read,
        (packed_panel, &[]),
        &[&outer[..], &[(jr, 0), (ir, packed_panel)]].concat(),
    );
    Ok([read_inputs, write_packed, read_weights, read_packed])
}

fn outputs(nest: &mut Nest, loops: Loops, sizes: &Sizes) -> Result<usize> {
    let Loops { g, jc, pc, image, ic, jr, ir, .. } = loops;
    let [column, block, image_step, all] = sizes.tile_steps(sizes.output_tile)?;
    let group_bytes = product("output bytes", &[sizes.filter_blocks, all])?;
    let output_bytes = product("output bytes", &[sizes.layer.groups, group_bytes])?;
    let outputs = nest.add_buffer(Tensor::Outputs, output_bytes, sizes.line)?;
    let touch = nest.add_touch(
        outputs,
        Access::Write,
        (sizes.output_tile, &[]),
        &[
            (g, group_bytes),
            (jc, all),
            (image, image_step),
            (ic, block),
            (jr, column),
            (ir, sizes.output_tile),
        ],
    );
    nest.touches[touch].last_of = Some(pc);
    Ok(touch)
}

fn metadata(nest: &mut Nest, loops: Loops, sizes: &Sizes) -> Result<usize> {
    let Loops { g, jc, pc, image, ic, jr, .. } = loops;
    let Sizes { side_bytes, blocking, .. } = *sizes;
    let group = product("metadata bytes", &[sizes.all_panels, side_bytes])?;
    let all = product(
        "metadata bytes",
        &[sizes.layer.groups, sizes.filter_blocks, blocking.panels, side_bytes],
    )?;
    let metadata = nest.add_buffer(Tensor::Metadata, all, sizes.line)?;
    let touch = nest.add_touch(
        metadata,
        Access::Read,
        (side_bytes, &[]),
        &[(g, group), (jc, blocking.panels * side_bytes), (image, 0), (ic, 0), (jr, side_bytes)],
    );
    nest.touches[touch].last_of = Some(pc);
    Ok(touch)
}

fn partial_sums(nest: &mut Nest, loops: Loops, sizes: &Sizes) -> Result<usize> {
    let Loops { g, jc, pc, image, ic, jr, ir, .. } = loops;
    let [column, block, image_step, all] = sizes.tile_steps(sizes.sum_tile)?;
    let sums = nest.add_buffer(Tensor::PartialSums, all, sizes.line)?;
    Ok(nest.add_touch(
        sums,
        Access::Write,
        (sizes.sum_tile, &[]),
        &[
            (g, 0),
            (jc, 0),
            (pc, 0),
            (image, image_step),
            (ic, block),
            (jr, column),
            (ir, sizes.sum_tile),
        ],
    ))
}

/// How often the register tile and the packing run in the whole layer.
struct TileCounts {
    /// Filter panels of one group, padding included.
    filter_tiles: u64,
    /// Register tiles of outputs.
    tiles: u64,
    /// Register tiles times the channel blocks.
    passes: u64,
    /// Blocks that are packed.
    packings: u64,
    /// Bytes of all rows that are packed.
    packed_rows: u64,
}

impl TileCounts {
    fn of(sizes: &Sizes) -> Result<Self> {
        let Sizes { layer, blocking, channel_blocks, row_blocks, filter_blocks, .. } = *sizes;
        let position_tiles = product("tiles", &[layer.images, row_blocks, sizes.position_tiles])?;
        let filter_tiles = product("tiles", &[filter_blocks, blocking.panels])?;
        let tiles = product("tiles", &[layer.groups, position_tiles, filter_tiles])?;
        let passes = product("tiles", &[tiles, channel_blocks])?;
        let packings = product(
            "tiles",
            &[layer.groups, filter_blocks, channel_blocks, layer.images, row_blocks],
        )?;
        let packed_rows = product("packed bytes", &[packings, blocking.rows, sizes.packed_row])?;
        Ok(Self { filter_tiles, tiles, passes, packings, packed_rows })
    }
}

/// In the core: the register tile reads each panel once a tile.
fn registers(sizes: &Sizes, counts: &TileCounts) -> Result<Vec<RegisterTraffic>> {
    let Sizes { layer, channel_blocks, row_blocks, side_bytes, .. } = *sizes;
    let TileCounts { filter_tiles, tiles, passes, packings, packed_rows } = *counts;
    let input_reads = bytes(
        "input bytes",
        product("input reads", &[packings, sizes.block_positions, sizes.depth])?,
        sizes.activation,
    )?;
    let metadata_reads = product(
        "metadata bytes",
        &[layer.groups, layer.images, row_blocks, filter_tiles, side_bytes],
    )?;
    let moved =
        |tensor, read_bytes, write_bytes| RegisterTraffic { tensor, read_bytes, write_bytes };
    let weight_reads = product("weight bytes", &[passes, sizes.panel_bytes])?;
    let packed_reads = product("packed bytes", &[passes, sizes.packed_panel])?;
    let mut registers = vec![
        moved(Tensor::Weights, weight_reads, 0),
        moved(Tensor::Metadata, metadata_reads, 0),
        moved(Tensor::Inputs, input_reads, 0),
        moved(Tensor::Packed, packed_reads, packed_rows),
    ];
    if channel_blocks > 1 {
        let sums = product("partial sums", &[tiles, channel_blocks - 1, sizes.sum_tile])?;
        registers.push(moved(Tensor::PartialSums, sums, sums));
    }
    let output_writes = product("output bytes", &[tiles, sizes.output_tile])?;
    registers.push(moved(Tensor::Outputs, 0, output_writes));
    Ok(registers)
}

fn instructions(
    arch: &CpuArch,
    work: &LayerWork<'_>,
    sizes: &Sizes,
    counts: &TileCounts,
    registers: &[RegisterTraffic],
) -> Result<Instructions> {
    let Sizes { layer, tile, position_tile, depth, words, .. } = *sizes;
    let TileCounts { filter_tiles, passes, packed_rows, .. } = *counts;
    let vector = (arch.core.simd_bits.value / 8).max(1);
    let positions = work.shape.positions();
    let per_position = |what: &'static str, count: u64| product(what, &[count, positions]);
    let filter_vectors = tile.filters / tile.lanes.max(1);
    let mut instructions = Instructions::default();
    if sizes.bit_serial {
        // Per step of one word vector: the tile's positions and filters are loaded once.
        instructions.logic =
            per_position("logic operations", work.counts.logic_ops)?.div_ceil(tile.lanes);
        instructions.popcount_words = per_position("popcounts", work.counts.popcounts)?;
        instructions.popcounts = popcount_instructions(arch, instructions.popcount_words);
        instructions.adds = per_position("adds", work.counts.adds)?.div_ceil(tile.lanes);
        let steps = product("loads", &[passes, words.div_ceil(tile.lanes)])?;
        let planes = sizes.activation * position_tile
            + sizes.weights_per_filter.div_ceil(64 * words).max(1) * tile.filters;
        instructions.loads = product("loads", &[steps, planes])?;
    } else {
        // Lanes of the last filter vector that hold no filter still run.
        let padded = scaled(
            "adds",
            per_position("adds", work.counts.adds.max(work.counts.multiplies))?,
            product("filters", &[filter_tiles, tile.filters])?,
            layer.filters,
        )?;
        let vectors = padded.div_ceil(tile.lanes);
        if work.counts.multiplies > 0 {
            instructions.multiply_adds = vectors;
        } else {
            instructions.adds = vectors;
        }
        let steps = product("loads", &[passes, depth])?;
        instructions.loads = product("loads", &[steps, position_tile + filter_vectors])?;
    }
    let scale_lanes = (arch.core.simd_bits.value / 32).max(1);
    instructions.multiply_adds +=
        per_position("scale multiplies", work.counts.scale_muls)?.div_ceil(scale_lanes);
    // Packing moves whole vectors where rows are contiguous.
    instructions.loads += packed_rows.div_ceil(vector);
    instructions.stores = packed_rows.div_ceil(vector)
        + registers
            .iter()
            .filter(|entry| entry.tensor != Tensor::Packed)
            .map(|entry| entry.write_bytes.div_ceil(vector))
            .sum::<u64>();
    Ok(instructions)
}
