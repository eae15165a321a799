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
    blocking::{Blocking, Product, tile},
    nest::{Access, Nest, Node},
    work::{
        Instructions, LayerNest, RegisterTraffic, bytes, popcount_instructions, product, scaled,
    },
};
use crate::{
    Result,
    arch::CpuArch,
    method::Execution,
    model::cost::{LayerWork, Tensor},
};

/// The nest and the in-core work of one blocking.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn layer_nest(arch: &CpuArch, work: &LayerWork<'_>, blocking: Blocking) -> Result<LayerNest> {
    let layer = Product::of(work.shape);
    let tile = tile(arch, work, &layer);
    let line = arch.caches.first().map_or(64, |cache| cache.line_bytes.value);
    let activation = u64::from(work.bits.activation);
    let bit_serial = work.execution == Execution::BitSerial;

    let channel_blocks = layer.channels.div_ceil(blocking.channels);
    let row_blocks = layer.out_rows.div_ceil(blocking.rows);
    let all_panels = layer.filters.div_ceil(tile.filters);
    let filter_blocks = all_panels.div_ceil(blocking.panels);
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
    let panel_bytes = scaled(
        "weight bytes",
        product("weight bits", &[weights_per_filter, tile.filters])?,
        depth,
        8 * layer.channels * layer.taps,
    )?
    .max(1);
    let side_bits = work.storage.scale_bits + work.storage.metadata_bits;
    let side_bytes =
        scaled("metadata bytes", side_bits, tile.filters, 8 * work.shape.out_channels)?;
    let row_bytes = bytes("input bytes", layer.padded_columns * blocking.channels, activation)?;
    let span = layer.dilation * (layer.kernel_rows - 1) + 1;
    let slab_rows = layer.padded_rows.max((row_blocks * blocking.rows - 1) * layer.stride + span);
    let slab = product("input bytes", &[slab_rows, row_bytes])?;
    let tile_values = position_tile * tile.filters;
    let sum_tile = bytes("partial sum bytes", tile_values, u64::from(work.bits.accumulator))?;
    let output_tile = bytes("output bytes", tile_values, u64::from(work.bits.output))?;

    let mut nest = Nest::default();
    let g = nest.add_loop("g", layer.groups);
    let jc = nest.add_loop("jc", filter_blocks);
    let pc = nest.add_loop("pc", channel_blocks);
    let image = nest.add_loop("image", layer.images);
    let ic = nest.add_loop("ic", row_blocks);
    let oy = nest.add_loop("oy", blocking.rows);
    let jr = nest.add_loop("jr", blocking.panels);
    let ir = nest.add_loop("ir", position_tiles);

    let block_slabs = product("input bytes", &[channel_blocks, slab])?;
    let image_slabs = product("input bytes", &[layer.groups, block_slabs])?;
    let inputs = nest.add_buffer(
        Tensor::Inputs,
        product("input bytes", &[layer.images, image_slabs])?,
        line,
    )?;
    let row_step = product("input bytes", &[layer.stride, row_bytes])?;
    let tap_step = product("input bytes", &[layer.dilation, row_bytes])?;
    let packed_panel = product("packed bytes", &[position_tile, packed_value])?;
    let packed_block = product("packed bytes", &[position_tiles, packed_panel])?;
    let packed = nest.add_buffer(Tensor::Packed, packed_block, line)?;
    let panel_block = product("weight bytes", &[blocking.panels, panel_bytes])?;
    let panel_column = product("weight bytes", &[channel_blocks, panel_block])?;
    let panel_group = product("weight bytes", &[filter_blocks, panel_column])?;
    let weights = nest.add_buffer(
        Tensor::Weights,
        product("weight bytes", &[layer.groups, panel_group])?,
        line,
    )?;

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
    let packed_row = product("packed bytes", &[layer.out_columns, packed_value])?;
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

    // Tiles lie in the order in which they are written.
    let tile_steps = |bytes: u64| -> Result<[u64; 4]> {
        let column = product("output bytes", &[position_tiles, bytes])?;
        let block = product("output bytes", &[blocking.panels, column])?;
        let image = product("output bytes", &[row_blocks, block])?;
        Ok([column, block, image, product("output bytes", &[layer.images, image])?])
    };
    let [column, block, image_step, all] = tile_steps(output_tile)?;
    let group_bytes = product("output bytes", &[filter_blocks, all])?;
    let outputs = nest.add_buffer(
        Tensor::Outputs,
        product("output bytes", &[layer.groups, group_bytes])?,
        line,
    )?;
    let write_outputs = nest.add_touch(
        outputs,
        Access::Write,
        (output_tile, &[]),
        &[
            (g, group_bytes),
            (jc, all),
            (image, image_step),
            (ic, block),
            (jr, column),
            (ir, output_tile),
        ],
    );
    nest.touches[write_outputs].last_of = Some(pc);

    let mut panel = Vec::new();
    let mut micro = vec![Node::Touch(read_weights), Node::Touch(read_packed)];
    if side_bytes > 0 {
        let group = product("metadata bytes", &[all_panels, side_bytes])?;
        let metadata = nest.add_buffer(
            Tensor::Metadata,
            product("metadata bytes", &[layer.groups, filter_blocks, blocking.panels, side_bytes])?,
            line,
        )?;
        let touch = nest.add_touch(
            metadata,
            Access::Read,
            (side_bytes, &[]),
            &[
                (g, group),
                (jc, blocking.panels * side_bytes),
                (image, 0),
                (ic, 0),
                (jr, side_bytes),
            ],
        );
        nest.touches[touch].last_of = Some(pc);
        panel.push(Node::Touch(touch));
    }
    if channel_blocks > 1 {
        let [column, block, image_step, all] = tile_steps(sum_tile)?;
        let sums = nest.add_buffer(Tensor::PartialSums, all, line)?;
        micro.push(Node::Touch(nest.add_touch(
            sums,
            Access::Write,
            (sum_tile, &[]),
            &[
                (g, 0),
                (jc, 0),
                (pc, 0),
                (image, image_step),
                (ic, block),
                (jr, column),
                (ir, sum_tile),
            ],
        )));
    }
    micro.push(Node::Touch(write_outputs));
    panel.push(Node::Loop(ir, micro));
    let pack = Node::Loop(oy, vec![Node::Touch(read_inputs), Node::Touch(write_packed)]);
    let mut body = vec![pack, Node::Loop(jr, panel)];
    for outer in [ic, image, pc, jc, g] {
        body = vec![Node::Loop(outer, body)];
    }
    nest.body = body;

    // In the core: the register tile reads each panel once a tile.
    let tiles_m = product("tiles", &[layer.images, row_blocks, position_tiles])?;
    let tiles_n = product("tiles", &[filter_blocks, blocking.panels])?;
    let tiles = product("tiles", &[layer.groups, tiles_m, tiles_n])?;
    let passes = product("tiles", &[tiles, channel_blocks])?;
    let packings =
        product("tiles", &[layer.groups, filter_blocks, channel_blocks, layer.images, row_blocks])?;
    let packed_rows = product("packed bytes", &[packings, blocking.rows, packed_row])?;
    let input_reads = bytes(
        "input bytes",
        product("input reads", &[packings, block_positions, depth])?,
        activation,
    )?;
    let metadata_reads =
        product("metadata bytes", &[layer.groups, layer.images, row_blocks, tiles_n, side_bytes])?;
    let mut registers = vec![
        RegisterTraffic {
            tensor: Tensor::Weights,
            read_bytes: product("weight bytes", &[passes, panel_bytes])?,
            write_bytes: 0,
        },
        RegisterTraffic { tensor: Tensor::Metadata, read_bytes: metadata_reads, write_bytes: 0 },
        RegisterTraffic { tensor: Tensor::Inputs, read_bytes: input_reads, write_bytes: 0 },
        RegisterTraffic {
            tensor: Tensor::Packed,
            read_bytes: product("packed bytes", &[passes, packed_panel])?,
            write_bytes: packed_rows,
        },
    ];
    if channel_blocks > 1 {
        registers.push(RegisterTraffic {
            tensor: Tensor::PartialSums,
            read_bytes: product("partial sums", &[tiles, channel_blocks - 1, sum_tile])?,
            write_bytes: product("partial sums", &[tiles, channel_blocks - 1, sum_tile])?,
        });
    }
    registers.push(RegisterTraffic {
        tensor: Tensor::Outputs,
        read_bytes: 0,
        write_bytes: product("output bytes", &[tiles, output_tile])?,
    });

    let vector = (arch.core.simd_bits.value / 8).max(1);
    let positions = work.shape.positions();
    let per_position = |what: &'static str, count: u64| product(what, &[count, positions]);
    let filter_vectors = tile.filters / tile.lanes.max(1);
    let mut instructions = Instructions::default();
    if bit_serial {
        // Per step of one word vector: the tile's positions and filters are loaded once.
        instructions.logic =
            per_position("logic operations", work.counts.logic_ops)?.div_ceil(tile.lanes);
        instructions.popcount_words = per_position("popcounts", work.counts.popcounts)?;
        instructions.popcounts = popcount_instructions(arch, instructions.popcount_words);
        instructions.adds = per_position("adds", work.counts.adds)?.div_ceil(tile.lanes);
        let steps = product("loads", &[passes, words.div_ceil(tile.lanes)])?;
        let planes = activation * position_tile
            + weights_per_filter.div_ceil(64 * words).max(1) * tile.filters;
        instructions.loads = product("loads", &[steps, planes])?;
    } else {
        // Lanes of the last filter vector that hold no filter still run.
        let padded = scaled(
            "adds",
            per_position("adds", work.counts.adds.max(work.counts.multiplies))?,
            product("filters", &[tiles_n, tile.filters])?,
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
    Ok(LayerNest {
        nest,
        registers,
        instructions,
        sizes: vec![
            ("mr_positions", position_tile),
            ("nr_filters", tile.filters),
            ("kc_depth", depth),
            ("mc_positions", block_positions),
            ("nc_filters", blocking.panels * tile.filters),
        ],
        input_access: "packed blocks (im2col of one block)",
    })
}
