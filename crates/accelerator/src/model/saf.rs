//! Which accesses each level saves, and how often.

use super::{dense::Dense, leader, misfit::Misfit, setting::Setting, useless_share::Share};
use crate::{
    mapping::MAX_LEVELS,
    problem::MAX_TENSORS,
    sparse::{Memo, Rules},
};
use signloop_machine::accelerator::SafKind;

/// A feature with its tensors as indices.
#[derive(Debug, Clone)]
pub(super) struct Feature {
    pub(super) kind: SafKind,
    /// Follower and leaders of every option.
    pub(super) options: Vec<(usize, Vec<usize>)>,
}

/// What a level does with the useless accesses of a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Saving {
    pub(super) kind: SafKind,
    /// What is useless.
    pub(super) share: Share,
}

/// Savings of every level and tensor.
pub(super) type Savings = [[Option<Saving>; MAX_TENSORS]; MAX_LEVELS];

/// What choosing between options needs to know of a level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) read_pj: f64,
    pub(super) block_words: u64,
    pub(super) word_bits: u64,
    pub(super) metadata_bits: u64,
}

/// Data words of the tile and metadata units of a level and tensor.
pub(super) type Occupancy = [[(f64, f64); MAX_TENSORS]; MAX_LEVELS];

/// Finds the temporal savings (gating, then skipping; of two of one tensor the greater stands) and
/// adds them to `savings`.
pub(super) fn savings(
    savings: &mut Savings,
    setting: &Setting<'_>,
    memo: &mut Memo,
    (features, prices): (&[Vec<Feature>], &[Price]),
    (counts, occupancy): (&[[Dense; MAX_LEVELS]; MAX_TENSORS], &Occupancy),
) -> Result<(), Misfit> {
    for kind in [SafKind::Gate, SafKind::Skip] {
        for (level, features) in features.iter().enumerate() {
            for feature in features.iter().filter(|feature| feature.kind == kind) {
                let mut best: Option<(f64, usize, usize, Share)> = None;
                for (follower, leaders) in &feature.options {
                    let home = leader::home(level, prices.len(), &counts[*follower])
                        .ok_or(Misfit::Follower { level, tensor: *follower })?;
                    let count = &counts[*follower][home];
                    let price = &prices[home];
                    let share = leader::useless(
                        setting,
                        memo,
                        (*follower, leaders),
                        (home, count),
                        price.block_words,
                    );
                    let sent = count.child.map_or(home, usize::from);
                    let (words, units) =
                        (occupancy[home][*follower].0, occupancy[sent][*follower].1);
                    let saved = price.read_pj / price.block_words as f64
                        * (words + units * bits_ratio(price, setting.rules))
                        * share.accesses;
                    if best.is_none_or(|(most, ..)| saved >= most) {
                        best = Some((saved, home, *follower, share));
                    }
                }
                let Some((_, home, follower, share)) = best else { continue };
                let own = &mut savings[home][follower];
                if own.is_none_or(|own| own.share.accesses < share.accesses) {
                    *own = Some(Saving { kind, share });
                }
            }
        }
    }
    Ok(())
}

/// Words that a metadata unit counts for; Timeloop divides the widths as integers.
fn bits_ratio(price: &Price, rules: Rules) -> f64 {
    match rules {
        Rules::Timeloop => (price.metadata_bits / price.word_bits) as f64,
        Rules::Exact => price.metadata_bits as f64 / price.word_bits as f64,
    }
}
