//! How often an access of one tensor is useless because a tile of another is empty.

use super::{dense::Dense, setting::Setting, sliding, target::Target, useless_share::Share};
use crate::{
    mapping::MAX_LEVELS,
    sparse::{Memo, Rules},
};

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
