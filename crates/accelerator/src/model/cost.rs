//! Cycles and energy of the accesses of a level.

use super::flow::{Ranks, Words};
use crate::sparse::{Density, Rules, Tile, WordBits};
use signloop_machine::accelerator::{ActionEnergy, Storage, StorageEnergy};

/// Bits of metadata that move, by kind of access and what becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct MetadataBits {
    pub(super) words: Words,
}

/// Adds up the bits of all ranks.
pub(super) fn metadata_bits(ranks: &Ranks, bits: &[WordBits]) -> MetadataBits {
    let mut sum = MetadataBits::default();
    for (place, rank) in ranks.used() {
        let Some(bits) = bits.get(place) else { continue };
        for (part, bits) in [(&rank.metadata, bits.metadata), (&rank.payload, bits.payload)] {
            let bits = bits as f64;
            let total = &mut sum.words;
            for (total, own) in [
                (&mut total.read, &part.read),
                (&mut total.fill, &part.fill),
                (&mut total.update, &part.update),
            ] {
                total.actual += own.actual * bits;
                total.gated += own.gated * bits;
                total.skipped += own.skipped * bits;
            }
        }
    }
    sum
}

/// Words that one instance reads and writes in cycles of its ports.
pub(super) fn port_words(
    words: &Words,
    bits: &MetadataBits,
    level: &Storage,
    rules: Rules,
) -> (f64, f64) {
    let own = |bits: f64| match rules {
        // Divided as integers there.
        Rules::Timeloop => (bits / level.word_bits as f64).floor(),
        Rules::Exact => bits / level.word_bits as f64,
    };
    let MetadataBits { words: metadata } = bits;
    (
        words.read.busy() + own(metadata.read.busy()),
        words.fill.busy()
            + words.update.busy()
            + own(metadata.fill.busy() + metadata.update.busy()),
    )
}

/// Words that tensors ask of a level's ports, added up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Demand {
    read: f64,
    write: f64,
}

impl Demand {
    /// Adds one tensor's words, over so many cycles. Timeloop adds quotients, and its last bits
    /// decide whether a cycle is rounded up.
    pub(super) fn add(&mut self, (read, write): (f64, f64), compute_cycles: f64, rules: Rules) {
        let over = match rules {
            Rules::Timeloop => compute_cycles,
            Rules::Exact => 1.0,
        };
        self.read += read / over;
        self.write += write / over;
    }

    /// Cycles that the ports need beside `compute_cycles` of the units.
    pub(super) fn cycles(&self, compute_cycles: f64, level: &Storage, rules: Rules) -> f64 {
        let ports = [
            (level.read_words_per_cycle, self.read),
            (level.write_words_per_cycle, self.write),
            (level.shared_words_per_cycle, self.read + self.write),
        ];
        let limited = ports.iter().filter_map(|(have, need)| Some(((*have)?, *need)));
        match rules {
            Rules::Exact => {
                limited.map(|(have, words)| words / have).fold(compute_cycles, f64::max)
            }
            Rules::Timeloop => {
                let slowdown = limited
                    .filter(|(have, need)| have < need)
                    .map(|(have, need)| have / need)
                    .fold(1.0, f64::min);
                compute_cycles / slowdown
            }
        }
    }
}

/// Blocks accessed for so many words of a tile: full blocks, but for compressed tiles that are
/// small the last one of each tile is partly empty.
pub(super) fn block_ratio(
    (density, tile, compressed): (&Density, &Tile, bool),
    share: f64,
    block_words: u64,
    rules: Rules,
) -> f64 {
    if !compressed || block_words <= 1 || share <= 0.0 {
        return 1.0;
    }
    if rules == Rules::Timeloop {
        if share >= 1.0 {
            return 1.0;
        }
        // Timeloop only looks at tiles of fewer blocks than a table of its own says.
        let column =
            if share >= 0.1 { ((share / 0.1).floor() as usize).saturating_sub(1) } else { 0 };
        let row = LARGE_TILES.iter().find(|(block, _)| *block == block_words);
        match row {
            Some((_, blocks)) if blocks[column.min(9)] > tile.size() / block_words => {}
            _ => return 1.0,
        }
    }
    density.expected_blocks(tile, block_words) / (tile.size() as f64 * share / block_words as f64)
}

/// Tiles of at least so many blocks, by block size and density in tenths, are counted in full
/// blocks (Timeloop, include/model/buffer.hpp).
const LARGE_TILES: &[(u64, [u64; 10])] = &[
    (2, [251, 125, 84, 63, 51, 42, 36, 32, 28, 1]),
    (4, [375, 188, 125, 94, 75, 63, 54, 47, 42, 1]),
    (8, [438, 219, 146, 110, 88, 73, 63, 55, 49, 1]),
    (16, [469, 235, 157, 118, 94, 79, 67, 59, 52, 1]),
    (32, [485, 243, 162, 122, 97, 81, 70, 61, 52, 1]),
];

/// Energy of one instance in pJ.
pub(super) fn level_energy(
    words: &Words,
    bits: &MetadataBits,
    ratio: f64,
    level: &Storage,
    rules: Rules,
) -> f64 {
    let StorageEnergy { read, fill, update, metadata_read, metadata_fill, metadata_update, .. } =
        &level.energy;
    let block = level.block_words as f64;
    let width = level.metadata.map_or(1.0, |store| store.width_bits as f64);
    let spent = |flow: &super::flow::Flow, energy: &ActionEnergy, size: f64, ratio: f64| {
        let whole = |count: f64| (count / size).ceil();
        let accesses = match rules {
            Rules::Timeloop => {
                whole(flow.actual) * energy.actual
                    + whole(flow.gated) * energy.gated
                    + whole(flow.skipped) * energy.skipped
            }
            // One division for all three: a search comes here for every tensor and level.
            Rules::Exact => {
                (flow.actual * energy.actual
                    + flow.gated * energy.gated
                    + flow.skipped * energy.skipped)
                    / size
            }
        };
        accesses * ratio
    };
    let data = spent(&words.read, read, block, ratio)
        + spent(&words.fill, fill, block, ratio)
        + spent(&words.update, update, block, ratio);
    let MetadataBits { words: metadata } = bits;
    data + spent(&metadata.read, metadata_read, width, 1.0)
        + spent(&metadata.fill, metadata_fill, width, 1.0)
        + spent(&metadata.update, metadata_update, width, 1.0)
}
