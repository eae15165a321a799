//! Spatial skipping: instances that useless work leaves free, as in N:M structured sparsity.

use super::{
    complete::PlacedLoop, dense::Dense, footprint::Sizes, nest::Axis, saf::Feature,
    setting::Setting,
};
use crate::{
    mapping::MAX_LEVELS,
    problem::{MAX_DIMENSIONS, MAX_TENSORS},
    sparse::{Memo, Rules},
};
use signloop_machine::accelerator::SafKind;

/// Instances of a level that a tensor's work needs. Entry 0 is the compute units, entry l + 1
/// storage level l.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// Most instances along X and Y.
    pub(super) most: [(f64, f64); MAX_LEVELS + 1],
    /// Share of the instances that are busy on average.
    pub(super) busy: [f64; MAX_LEVELS + 1],
}

/// What spatial skipping does to a mapping.
pub(super) struct Spatial {
    pub(super) needs: [Need; MAX_TENSORS],
    /// What of that a tensor's own zeros do.
    pub(super) own: [Need; MAX_TENSORS],
    /// Share of a level's accesses of a tensor that its skipping makes useless.
    pub(super) shares: [[Option<f64>; MAX_TENSORS]; MAX_LEVELS],
}

impl Need {
    /// Instances as mapped, `expansion[l]` along X and Y.
    pub(super) fn dense(expansion: &[(u64, u64); MAX_LEVELS + 1]) -> Self {
        Self { most: expansion.map(|(x, y)| (x as f64, y as f64)), busy: [1.0; MAX_LEVELS + 1] }
    }
}

/// Tells which spatial loops of a level some tensor thins out: their extent shrinks to the most
/// nonempty elements of a fiber, and of the instances a share is busy.
struct Thinned {
    x: f64,
    y: f64,
    busy: f64,
}

/// Applies all spatial skipping of the levels.
pub(super) fn skip(
    setting: &Setting<'_>,
    memo: &mut Memo,
    features: &[Vec<Feature>],
    expansion: &[(u64, u64); MAX_LEVELS + 1],
    counts: &[[Dense; MAX_LEVELS]; MAX_TENSORS],
    stored: &[[bool; MAX_TENSORS]; MAX_LEVELS],
) -> Spatial {
    let levels = features.len();
    let tensors = setting.shapes.len();
    let mut shares = [[None; MAX_TENSORS]; MAX_LEVELS];
    let mut needs = [Need::dense(expansion); MAX_TENSORS];
    // Where a level knows a tensor's zeros, instances that would hold an empty tile of it are free.
    for (tensor, need) in needs[..tensors].iter_mut().enumerate() {
        let mut thin = [false; MAX_LEVELS + 1];
        for (level, thin) in thin[..levels].iter_mut().enumerate() {
            let home = home(level, levels, &counts[tensor]);
            if !stored[home][tensor] {
                continue;
            }
            let thinned = thinned(setting, memo, level, tensor, |_| None);
            let most = &mut need.most[level];
            *most = (trim(most.0 * thinned.x, setting), trim(most.1 * thinned.y, setting));
            need.busy[level] = thinned.busy;
            *thin = thinned.busy != 1.0;
        }
        let dense = Need::dense(expansion);
        propagate(need, &dense.most, &thin, levels, setting);
    }
    let base = needs;
    for (level, features) in features.iter().enumerate() {
        for feature in features.iter().filter(|feature| feature.kind == SafKind::SpatialSkip) {
            for (follower, leaders) in &feature.options {
                let need = &mut needs[*follower];
                let mut busy = 1.0;
                for leader in leaders {
                    if !stored[home(level, levels, &counts[*leader])][*leader] {
                        continue;
                    }
                    let stays = stays(setting, level, (*follower, *leader), counts);
                    let thinned = thinned(setting, memo, level, *leader, stays);
                    let most = &mut need.most[level];
                    *most = (trim(most.0 * thinned.x, setting), trim(most.1 * thinned.y, setting));
                    busy *= thinned.busy;
                }
                need.busy[level] = busy;
                shares[level][*follower] = Some(0.0);
            }
        }
    }
    for (tensor, need) in needs[..tensors].iter_mut().enumerate() {
        let mut own = [false; MAX_LEVELS + 1];
        for level in 0..levels {
            own[level] = shares[level][tensor].is_some();
        }
        propagate(need, &base[tensor].most, &own, levels, setting);
        for level in 0..levels {
            if own[level] {
                shares[level][tensor] = Some(1.0 - need.busy[level]);
                if setting.rules == Rules::Exact {
                    need.busy[level] *= base[tensor].busy[level];
                }
            }
        }
    }
    Spatial { needs, own: base, shares }
}

/// Timeloop counts whole instances.
fn trim(instances: f64, setting: &Setting<'_>) -> f64 {
    match setting.rules {
        Rules::Timeloop => instances.trunc(),
        Rules::Exact => instances,
    }
}

fn home(level: usize, levels: usize, counts: &[Dense; MAX_LEVELS]) -> usize {
    (level..levels).find(|outer| counts[*outer].kept).unwrap_or(levels - 1)
}

/// Levels inside a thinned one need fewer instances too; its average reaches down to the next
/// level that thins by itself, whose average is of the same tiles already.
fn propagate(
    need: &mut Need,
    before: &[(f64, f64); MAX_LEVELS + 1],
    own: &[bool; MAX_LEVELS + 1],
    levels: usize,
    setting: &Setting<'_>,
) {
    for level in (1..=levels).rev() {
        let ratio = (need.most[level].0 / before[level].0, need.most[level].1 / before[level].1);
        // Lanes of zeros that nothing else takes are idle: they save energy and no time. Timeloop
        // has them in use where the array could have done without thinning.
        let idle = setting.rules == Rules::Exact && need.busy[level] != 1.0;
        if ratio == (1.0, 1.0) && !idle {
            continue;
        }
        let mut crossed = false;
        for inner in (0..level).rev() {
            crossed |= own[inner];
            if !crossed {
                need.busy[inner] *= need.busy[level];
            }
            let most = &mut need.most[inner];
            *most = (trim(most.0 * ratio.0, setting), trim(most.1 * ratio.1, setting));
        }
    }
}

/// How a tensor's zeros thin the spatial loops of a level. `stays` extends the box of an element
/// by the temporal loops during which the follower's block stays in place.
fn thinned(
    setting: &Setting<'_>,
    memo: &mut Memo,
    level: usize,
    tensor: usize,
    stays: impl Fn(&PlacedLoop) -> Option<Sizes>,
) -> Thinned {
    let shape = &setting.shapes[tensor];
    let density = &setting.densities[tensor];
    let loops = setting.complete.level(level);
    let mut below = match level {
        0 => [1; MAX_DIMENSIONS],
        _ => setting.complete.level(level - 1).last().map_or([1; MAX_DIMENSIONS], |own| own.sizes),
    };
    let mut thinned = Thinned { x: 1.0, y: 1.0, busy: 1.0 };
    let mut innermost = true;
    for own in loops {
        if own.is_spatial() && own.bound > 1 && shape.uses(own.dimension) {
            let mut sizes = below;
            if let Some(around) = stays(own) {
                sizes.iter_mut().zip(around).for_each(|(size, times)| *size *= times);
            }
            let element = shape.tile(&sizes);
            if innermost {
                thinned.busy = 1.0 - memo.p_empty(density, &element);
                innermost = false;
            }
            sizes[usize::from(own.dimension)] *= own.bound;
            let fiber = shape.tile(&sizes);
            let most = density.max_elements(&fiber, &element).min(own.bound);
            let ratio = most as f64 / own.bound as f64;
            match own.axis {
                Axis::X => thinned.x *= ratio,
                _ => thinned.y *= ratio,
            }
        }
        below = own.sizes;
    }
    thinned
}

/// Times by which the temporal loops extend an element of the leader, for a loop shared with it.
fn stays<'a>(
    setting: &'a Setting<'_>,
    level: usize,
    (follower, leader): (usize, usize),
    counts: &'a [[Dense; MAX_LEVELS]; MAX_TENSORS],
) -> impl Fn(&PlacedLoop) -> Option<Sizes> + 'a {
    let shape = &setting.shapes[follower];
    let shared = shape.dimensions & setting.shapes[leader].dimensions;
    let has_child = counts[follower][..level].iter().any(|count| count.kept);
    let outermost = home(level, counts[follower].len(), &counts[follower]);
    move |own| {
        if !has_child || shared >> own.dimension & 1 == 0 {
            return None;
        }
        let mut times = [1; MAX_DIMENSIONS];
        for outer in setting.complete.levels(level, outermost) {
            if outer.is_spatial() || outer.bound == 1 {
                continue;
            }
            if shape.uses(outer.dimension) {
                break;
            }
            times[usize::from(outer.dimension)] *= outer.bound;
        }
        Some(times)
    }
}
