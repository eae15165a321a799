//! Lines per set: how a region spreads over the sets of a cache.

use super::capacity::Capacity;
use crate::traffic::nest::Region;

/// Lines of the buffer in question that lie in sets which hold all lines, and all its lines, from
/// the changes of both counts in the order of the sets.
pub(super) fn swept(
    changes: impl Iterator<Item = (u64, i64, i64)>,
    capacity: Capacity,
) -> (u64, u64) {
    let (mut here, mut own, mut from) = (0_i64, 0_i64, 0_u64);
    let (mut kept, mut all) = (0_u64, 0_u64);
    let mut stretch = |here: i64, own: i64, sets: u64| {
        let lines = own as u64 * sets;
        all += lines;
        if here <= capacity.ways as i64 {
            kept += lines;
        }
    };
    for (set, change, own_change) in changes {
        if set > from {
            stretch(here, own, set - from);
            from = set;
        }
        here += change;
        own += own_change;
    }
    stretch(here, own, capacity.sets - from);
    (kept, all)
}

/// Least and greatest lines that a region can put into one set, and its lines in all.
pub(super) fn bounds(region: &Region, capacity: Capacity) -> (u64, u64, u64) {
    let runs = region.runs();
    let offset = region.base % capacity.line;
    let lines = (offset + region.bytes - 1) / capacity.line + 1;
    if runs == 1 {
        return (lines / capacity.sets, lines.div_ceil(capacity.sets), lines);
    }
    let total = lines.saturating_mul(runs);
    (lines / capacity.sets * runs, lines.div_ceil(capacity.sets).saturating_mul(runs), total)
}

/// Tells at which sets the count of a region's lines per set changes, and by how much; sets run
/// up to the number of sets, which ends the last stretch.
pub(super) fn count(
    region: &Region,
    moved: u64,
    capacity: Capacity,
    mut change: impl FnMut(u64, i64),
) {
    let sets = capacity.sets;
    region.each_start(|start| {
        let start = start + moved;
        let first = start / capacity.line;
        let lines = (start + region.bytes - 1) / capacity.line - first + 1;
        let mut rest = lines;
        if lines >= sets {
            change(0, (lines / sets) as i64);
            rest = lines % sets;
        }
        if rest == 0 {
            return;
        }
        let from = first % sets;
        let to = from + rest;
        change(from, 1);
        if to <= sets {
            change(to, -1);
        } else {
            change(0, 1);
            change(to - sets, -1);
        }
    });
}
