//! Sparse accesses with Timeloop's rounding, and with the two slips of its code that users' numbers
//! carry: see `docs/timeloop-compat.md`.

use super::{
    dense::Dense,
    flow::{Flow, Ranks, Words},
    saf::{Saving, Savings},
    useless_share::Share,
};
use crate::{mapping::MAX_LEVELS, problem::MAX_TENSORS, sparse::TileUnits};
use signloop_machine::accelerator::SafKind;

/// Words and metadata of one tensor at every level.
pub(super) struct Tensor<'a> {
    pub(super) index: usize,
    pub(super) output: bool,
    pub(super) counts: &'a [Dense; MAX_LEVELS],
    /// What a tile takes in its format; `None` where it is kept plain.
    pub(super) units: &'a [Option<TileUnits>; MAX_LEVELS],
    /// Expected share of nonzeros of a tile that is there at all.
    pub(super) shares: &'a [f64; MAX_LEVELS],
}

/// What is left of the three kinds of access while savings further out are taken off.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    read: f64,
    fill: f64,
    update: f64,
}

/// Sets words and metadata of all levels; returns the share of operations that the innermost
/// saving makes useless, if this tensor's reads are saved below all storage.
pub(super) fn combine(
    tensor: &Tensor<'_>,
    levels: usize,
    savings: &Savings,
    spatial: &[[Option<f64>; MAX_TENSORS]; MAX_LEVELS],
    words: &mut [[Words; MAX_TENSORS]; MAX_LEVELS],
    ranks: &mut [[Ranks; MAX_TENSORS]; MAX_LEVELS],
    reductions: &mut [[f64; MAX_TENSORS]; MAX_LEVELS],
) -> Option<f64> {
    let own = tensor.index;
    let mut left = start(tensor, levels, words, ranks, reductions);
    let saving = |level: usize| -> Option<Saving> {
        savings[level][own].or(spatial[level][own]
            .map(|share| Saving { kind: SafKind::SpatialSkip, share: Share::even(share) }))
    };
    let mut settled = [false; MAX_LEVELS];
    let mut computes = None;
    for level in (0..levels).rev() {
        let Some(Saving { share: Share { accesses: share, .. }, kind }) = saving(level) else {
            continue;
        };
        let sender_ranks = ranks[level][own].as_slice().len();
        let mut reached_compute = true;
        for inner in (0..level).rev() {
            let below = &mut left[inner];
            below.fill -= (below.fill * share).floor();
            below.read -= (below.read * share).floor();
            below.update -= (below.update * share).floor();
            // Timeloop passes its range of ranks the wrong way round: only where the level has
            // one rank is anything scaled, and then the innermost rank, and no updates.
            if tensor.units[inner].is_some() && sender_ranks == 1 {
                let rank = &mut ranks[inner][own].as_mut_slice()[0];
                for part in [&mut rank.metadata, &mut rank.payload] {
                    part.fill.actual -= (part.fill.actual * share).floor();
                    part.read.actual -= (part.read.actual * share).floor();
                }
            }
            if let Some(local) = saving(inner) {
                // Where the outer one saves more, Timeloop counts below zero and wraps round.
                let effective = (1.0 - (1.0 - local.share.accesses) / (1.0 - share)).max(0.0);
                // A slip of Timeloop: reads of metadata become the updates.
                for rank in ranks[inner][own].as_mut_slice() {
                    for part in [&mut rank.metadata, &mut rank.payload] {
                        part.read.actual = part.update.actual;
                    }
                }
                settle(
                    tensor,
                    (inner, Some((effective, local.kind))),
                    &left[inner],
                    &mut words[inner][own],
                    ranks,
                    &mut reductions[inner][own],
                );
                settled[inner] = true;
                reached_compute = false;
                break;
            }
        }
        if !settled[level] {
            settled[level] = true;
            let (left, words) = (&left[level], &mut words[level][own]);
            let reductions = &mut reductions[level][own];
            settle(tensor, (level, Some((share, kind))), left, words, ranks, reductions);
        }
        if reached_compute && !tensor.output {
            computes = Some(share);
        }
    }
    for level in 0..levels {
        if savings[level][own].is_none() && tensor.counts[level].kept {
            let (left, words) = (&left[level], &mut words[level][own]);
            let reductions = &mut reductions[level][own];
            settle(tensor, (level, None), left, words, ranks, reductions);
        }
    }
    computes
}

/// Sets words, metadata and reductions before anything is saved; returns the accesses.
fn start(
    tensor: &Tensor<'_>,
    levels: usize,
    words: &mut [[Words; MAX_TENSORS]; MAX_LEVELS],
    ranks: &mut [[Ranks; MAX_TENSORS]; MAX_LEVELS],
    reductions: &mut [[f64; MAX_TENSORS]; MAX_LEVELS],
) -> [Left; MAX_LEVELS] {
    let own = tensor.index;
    let mut left = [Left::default(); MAX_LEVELS];
    for level in 0..levels {
        let count = &tensor.counts[level];
        ranks[level][own].reset(0);
        words[level][own] = Words::default();
        reductions[level][own] = count.reductions as f64;
        if !count.kept {
            continue;
        }
        left[level] = represented(count, tensor, level);
        if let Some(units) = &tensor.units[level] {
            metadata(count, units, &mut ranks[level][own]);
        }
    }
    left
}

/// Accesses that the format leaves: those of nonzero words.
fn represented(count: &Dense, tensor: &Tensor<'_>, level: usize) -> Left {
    let (read, fill) = (count.reads as f64, count.fills as f64);
    let update = count.updates as f64;
    if tensor.units[level].is_none() {
        return Left { read, fill, update };
    }
    let zeros = 1.0 - tensor.shares[level];
    let without = |all: f64| all - (all * zeros).floor();
    let update = if tensor.output { without(update) } else { update };
    Left { read: without(read), fill: without(fill), update }
}

/// Whole units of every rank, for as many tiles as the dense accesses make.
fn metadata(count: &Dense, units: &TileUnits, ranks: &mut Ranks) {
    ranks.reset(units.ranks().len());
    let size = count.tile.size() as f64;
    let tiles = [count.reads, count.fills, count.updates].map(|all| all as f64 / size);
    for (rank, units) in ranks.as_mut_slice().iter_mut().zip(units.ranks()) {
        for (part, units) in
            [(&mut rank.metadata, units.metadata), (&mut rank.payload, units.payload)]
        {
            let [read, fill, update] = tiles.map(|tiles| Flow::of((units * tiles).ceil()));
            *part = Words { read, fill, update };
        }
    }
}

/// Ends the count of a level: what is left, less what its own feature saves.
fn settle(
    tensor: &Tensor<'_>,
    (level, saving): (usize, Option<(f64, SafKind)>),
    left: &Left,
    words: &mut Words,
    ranks: &mut [[Ranks; MAX_TENSORS]; MAX_LEVELS],
    reductions: &mut f64,
) {
    let count = &tensor.counts[level];
    *words = Words {
        read: Flow::of(left.read),
        fill: Flow::of(left.fill),
        update: Flow::of(left.update),
    };
    if let Some((share, kind)) = saving.filter(|(_, kind)| *kind != SafKind::SpatialSkip) {
        let read = left.read * share;
        // Read-modify-write makes the reads of outputs round up.
        take(&mut words.read, if tensor.output { read.ceil() } else { read.floor() }, kind);
        take(&mut words.update, (left.update * share).floor(), kind);
        // Only the ranks that go to the level inside can be saved.
        let sent = match count.child {
            Some(child) => ranks[usize::from(child)][tensor.index].as_slice().len(),
            None => usize::MAX,
        };
        for rank in ranks[level][tensor.index].as_mut_slice().iter_mut().take(sent) {
            for part in [&mut rank.metadata, &mut rank.payload] {
                let read = (part.read.actual * share).floor();
                let update = (part.update.actual * share).floor();
                take(&mut part.read, read, kind);
                take(&mut part.update, update, kind);
            }
        }
    }
    if tensor.output && count.updates > 0 {
        *reductions = (count.reductions as f64 * words.update.actual / count.updates as f64).ceil();
    }
}

fn take(flow: &mut Flow, saved: f64, kind: SafKind) {
    flow.actual -= saved;
    match kind {
        SafKind::Gate => flow.gated += saved,
        SafKind::Skip | SafKind::SpatialSkip => flow.skipped += saved,
    }
}
