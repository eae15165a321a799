//! How often an access of one tensor is useless because a tile of another is empty.

use super::{complete::Complete, dense::Dense, footprint::Shape, sliding, target::Target};
use crate::{
    mapping::MAX_LEVELS,
    model::sparse::{Density, Memo, Rules},
};

/// What the question needs of the mapped problem.
pub(super) struct Setting<'a> {
    pub(super) complete: &'a Complete,
    pub(super) shapes: &'a [Shape],
    pub(super) densities: &'a [Density],
    /// Sizes of the problem's dimensions.
    pub(super) problem_sizes: &'a [u64],
    pub(super) rules: Rules,
}

/// Shares that are useless.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// Of the accesses.
    pub(super) accesses: f64,
    /// Of the words that come in further inside: of some blocks more instances want the same.
    pub(super) fills: f64,
    /// Of the operations that the accesses serve: where a window slides, some serve more.
    pub(super) operations: f64,
}

impl Share {
    /// Where every block has as many words, goes to as many instances, and serves as much.
    pub(super) fn even(share: f64) -> Self {
        Self { accesses: share, fills: share, operations: share }
    }
}

/// Probability that an access of `follower` at `level` meets an empty tile of one of `leaders`.
///
/// The follower's access brings a block of words, which then stays while the loops inside run;
/// the leader's tile is what those loops touch of it, one step of the shared loops at a time.
pub(super) fn useless(
    setting: &Setting<'_>,
    memo: &mut Memo,
    (follower, leaders): (usize, &[usize]),
    (level, count): (usize, &Dense),
    block_words: u64,
) -> Share {
    let shape = &setting.shapes[follower];
    let place = (level, count.child.map(usize::from));
    if block_words == 1
        && let Some(share) = sliding::useless(setting, (follower, leaders), place)
    {
        return share;
    }
    // Only an actual tensor tells rows that lie apart from neighbouring ones.
    let places =
        |leader: &usize| setting.rules == Rules::Exact && setting.densities[*leader].is_actual();
    let collect = leaders.iter().any(places);
    let mut kept = Vec::new();
    let target = Target::find(setting.complete, shape, place, setting.rules, |own| {
        if collect {
            kept.push(*own);
        }
    });
    let mut wanted = 1.0;
    for leader in leaders {
        let Some(sizes) = target.leader_box(setting, (follower, *leader), block_words) else {
            continue;
        };
        let density = &setting.densities[*leader];
        let comb = places(leader)
            .then(|| target.comb(setting, (follower, *leader), &sizes, &kept))
            .flatten();
        let empty = match comb.and_then(|comb| density.p_empty_comb(&comb)) {
            Some(empty) => empty,
            None => memo.p_empty(density, &setting.shapes[*leader].tile(&sizes)),
        };
        wanted *= 1.0 - empty;
    }
    Share::even(1.0 - wanted)
}

/// The level whose accesses a feature at `level` saves: itself, or the next that keeps the tensor.
pub(super) fn home(level: usize, levels: usize, counts: &[Dense; MAX_LEVELS]) -> Option<usize> {
    (level..levels).find(|outer| counts[*outer].kept)
}
