//! Whether a mapping fits: capacities, arrays, formats.

use super::{dense::Dense, misfit::Misfit, nest::Nest, prepared::Prepared};
use crate::{mapping::MAX_LEVELS, problem::MAX_TENSORS};
use signloop_machine::accelerator::{Accelerator, Storage};

/// What a tile may take of a capacity.
pub(super) fn usable(all: u64, storage: &Storage) -> u64 {
    (all as f64 / storage.buffering) as u64
}

/// Words that the tiles of a level need at most.
pub(super) fn check_capacity(
    prepared: &Prepared<'_>,
    counts: &[[Dense; MAX_LEVELS]; MAX_TENSORS],
    level: usize,
) -> Result<u64, Misfit> {
    let storage = &prepared.accelerator.levels[level];
    let mut need = 0_u64;
    for (tensor, counts) in counts[..prepared.tensors()].iter().enumerate() {
        let count = &counts[level];
        if count.kept {
            need = need.saturating_add(match prepared.compresses(tensor, level) {
                true => prepared.densities[tensor].max_occupancy(&count.tile, 1.0),
                false => count.tile.size(),
            });
        }
    }
    match storage.capacity_words.map(|words| usable(words, storage)) {
        Some(have) if need > have => Err(Misfit::Capacity { level, need, have }),
        _ => Ok(need),
    }
}

/// Spatial loops must fit the array inside each level.
pub(super) fn check_fanout(accelerator: &Accelerator, nest: &Nest) -> Result<(), Misfit> {
    for level in 0..accelerator.levels.len() {
        let (need_x, need_y) = nest.spatial[level];
        let (x, y) = accelerator.fanout(level);
        if need_x > x {
            return Err(Misfit::Fanout { level, axis: 'x', need: need_x, have: x });
        }
        if need_y > y {
            return Err(Misfit::Fanout { level, axis: 'y', need: need_y, have: y });
        }
    }
    Ok(())
}

/// A plain tile inside a compressed one must be decompressed, and compressed ones must agree.
pub(super) fn check_formats(
    prepared: &Prepared<'_>,
    tensor: usize,
    counts: &[Dense; MAX_LEVELS],
) -> Result<(), Misfit> {
    for (level, count) in counts[..prepared.levels()].iter().enumerate() {
        let Some(parent) = count.parent.filter(|_| count.kept).map(usize::from) else { continue };
        if !prepared.compresses(tensor, parent) {
            continue;
        }
        let storage = &prepared.accelerator.levels[level];
        if !prepared.compresses(tensor, level) {
            if !storage.decompresses {
                return Err(Misfit::Decompression { level, tensor });
            }
            if prepared.outputs[tensor] && !storage.compresses {
                return Err(Misfit::Compression { level, tensor });
            }
            continue;
        }
        if count.tile.size() > 1
            && let (Some(outer), Some(inner)) =
                (&prepared.formats[tensor][parent], &prepared.formats[tensor][level])
        {
            let same = inner
                .ranks()
                .iter()
                .rev()
                .zip(outer.ranks().iter().rev())
                .all(|(inner, outer)| inner.format == outer.format);
            if !same || inner.ranks().len() > outer.ranks().len() {
                return Err(Misfit::Ranks { level: parent, tensor });
            }
        }
    }
    Ok(())
}
