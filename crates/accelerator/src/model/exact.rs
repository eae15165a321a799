//! Sparse accesses as expectations, without rounding.

use super::{
    flow::{Flow, Ranks, Words},
    saf::{Saving, Savings},
    timeloop::Tensor,
};
use crate::{mapping::MAX_LEVELS, problem::MAX_TENSORS, sparse::TileUnits};
use signloop_machine::accelerator::SafKind;

/// What savings do to the operations that this tensor's reads feed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Useless {
    /// Share of the operations that are skipped.
    pub(super) skipped: f64,
    /// Share of the operations that are gated.
    pub(super) gated: f64,
}

/// Sets words and metadata of all levels.
pub(super) fn combine(
    tensor: &Tensor<'_>,
    levels: usize,
    savings: &Savings,
    words: &mut [[Words; MAX_TENSORS]; MAX_LEVELS],
    ranks: &mut [[Ranks; MAX_TENSORS]; MAX_LEVELS],
    reductions: &mut [[f64; MAX_TENSORS]; MAX_LEVELS],
) -> Useless {
    let own = tensor.index;
    // Share of the operations that savings further out let through, and so of the accesses that
    // serve them; and of the words that come in from the level outside.
    let (mut through, mut arriving) = (1.0, 1.0);
    let mut useless = Useless::default();
    for level in (0..levels).rev() {
        let count = &tensor.counts[level];
        ranks[level][own].reset(0);
        words[level][own] = Words::default();
        reductions[level][own] = 0.0;
        if !count.kept {
            continue;
        }
        let saving = savings[level][own];
        // The share that was saved outside is part of what would be saved here.
        let local = saving.map(|Saving { kind, share }| {
            let left = (1.0 - share.accesses) / through;
            (kind, if through > 0.0 { (1.0 - left).max(0.0) } else { 0.0 })
        });
        let stored = if tensor.units[level].is_some() { tensor.shares[level] } else { 1.0 };
        // What leaves for the level outside is read there as often as it is updated.
        let reads = count.reads as f64 * stored * through;
        let drains = count.drains as f64 * stored * through;
        let mut read = split(reads, local);
        read.actual += drains;
        let fills = count.fills as f64 / count.spread as f64;
        words[level][own] = Words {
            read,
            fill: Flow::of(fills * stored * arriving),
            update: split(count.updates as f64 * stored * through, local),
        };
        if count.updates > 0 {
            reductions[level][own] =
                count.reductions as f64 * (words[level][own].update.actual / count.updates as f64);
        }
        if let Some(units) = &tensor.units[level] {
            metadata(
                (tensor, level, units),
                [
                    (count.reads + count.drains) as f64 * through,
                    fills * arriving,
                    count.updates as f64 * through,
                ],
                local,
                &mut ranks[level][own],
            );
        }
        arriving = through;
        if let Some(saving) = saving {
            arriving = (1.0 - saving.share.fills).min(through);
            through = (1.0 - saving.share.operations).min(through);
            match saving.kind {
                SafKind::Gate => useless.gated = 1.0 - through - useless.skipped,
                // What is skipped further in never comes to the units, gated outside or not.
                SafKind::Skip | SafKind::SpatialSkip => {
                    useless = Useless { skipped: 1.0 - through, gated: 0.0 };
                }
            }
        }
    }
    useless
}

/// Units of every rank, for as many tiles as the `words` read, filled and updated make.
fn metadata(
    (tensor, level, units): (&Tensor<'_>, usize, &TileUnits),
    words: [f64; 3],
    local: Option<(SafKind, f64)>,
    ranks: &mut Ranks,
) {
    let count = &tensor.counts[level];
    let sent = count.child.map_or(usize::MAX, |child| {
        tensor.units[usize::from(child)].as_ref().map_or(0, |units| units.ranks().len())
    });
    let tiles = words.map(|all| all / count.tile.size() as f64);
    ranks.reset(units.ranks().len());
    for (index, units) in units.ranks().iter().enumerate() {
        if units.metadata == 0.0 && units.payload == 0.0 {
            continue;
        }
        let rank = ranks.rank_mut(index);
        let local = local.filter(|_| index < sent);
        let present = 1.0 - units_absent(tensor, level);
        for (part, units) in
            [(&mut rank.metadata, units.metadata), (&mut rank.payload, units.payload)]
        {
            let [read, fill, update] = tiles.map(|tiles| units * present * tiles);
            *part = Words {
                read: split(read, local),
                fill: Flow::of(fill),
                update: split(update, local),
            };
        }
    }
}

fn units_absent(tensor: &Tensor<'_>, level: usize) -> f64 {
    tensor.units[level].as_ref().map_or(0.0, |units| units.p_absent)
}

fn split(all: f64, saving: Option<(SafKind, f64)>) -> Flow {
    let Some((kind, share)) = saving else { return Flow::of(all) };
    let saved = all * share;
    match kind {
        SafKind::Gate => Flow { actual: all - saved, gated: saved, skipped: 0.0 },
        SafKind::Skip | SafKind::SpatialSkip => {
            Flow { actual: all - saved, gated: 0.0, skipped: saved }
        }
    }
}
