//! Which loops of the tiles become which ranks of their formats.

use super::{complete::Complete, dense::Dense, footprint::Shape, misfit::Misfit};
use crate::{
    mapping::MAX_LEVELS,
    problem::MAX_DIMENSIONS,
    sparse::{Fibers, Format, Rank, RankFormat, RankOrder, Rules, TensorLoop, Tile},
};

/// Loops of a tile, kept from call to call.
pub(super) type Loops = Vec<TensorLoop>;

/// Places the formats of one tensor at all levels that keep it; `None` where it is kept plain.
pub(super) fn place(
    complete: &Complete,
    (tensor, shape): (usize, &Shape),
    formats: &[Option<Format>],
    counts: &[Dense; MAX_LEVELS],
    rules: Rules,
    (loops, placed): (&mut Loops, &mut [Option<Fibers>; MAX_LEVELS]),
) -> Result<(), Misfit> {
    // A plain tile below a compressed one is one rank of all its loops.
    let mut plain_fibers: Option<Fibers> = None;
    let mut below: Option<usize> = None;
    for (level, format) in formats.iter().enumerate() {
        let count = &counts[level];
        if !count.kept {
            placed[level] = None;
            continue;
        }
        let child = count.child.map(usize::from);
        let innermost = child.map_or(0, |child| child + 1);
        let compressed = format.as_ref().is_some_and(Format::compressed);
        // A compressed tile that is cut into tiles is stored as those, one after the other.
        let cut = compressed && child.is_some_and(|child| counts[child].tile.size() > 1);
        let (inner, outer) = placed.split_at_mut(level);
        // Fibers are large, so that they are looked at and written where they are.
        let under = below.filter(|_| cut).and_then(|child| match &inner[child] {
            Some(fibers) => Some(fibers),
            None => plain_fibers.as_ref(),
        });
        match format {
            Some(format) => {
                gather(complete, shape, (innermost, level), cut, loops);
                format
                    .place_into(
                        outer[0].get_or_insert_default(),
                        loops,
                        (Tile::point(shape.ranks()), under),
                        rules,
                        |loops| extent(shape, loops),
                    )
                    .map_err(|fault| Misfit::Format { level, tensor, fault })?;
            }
            None => {
                outer[0] = None;
                if formats[level + 1..].iter().any(Option::is_some) {
                    gather(complete, shape, (innermost, level), cut, loops);
                    plain_fibers = plain(shape, loops, rules);
                }
            }
        }
        below = Some(level);
    }
    Ok(())
}

/// Loops that project onto the tensor. Where the tile is not cut, its loops span the inner levels'
/// as well: the innermost loop of each dimension takes them in.
fn gather(
    complete: &Complete,
    shape: &Shape,
    (innermost, level): (usize, usize),
    cut: bool,
    loops: &mut Loops,
) {
    loops.clear();
    let mut inside = [1; MAX_DIMENSIONS];
    if !cut && innermost > 0 {
        for own in complete.levels(0, innermost - 1) {
            inside[usize::from(own.dimension)] *= own.bound;
        }
    }
    for own in complete.levels(innermost, level) {
        if shape.uses(own.dimension) {
            let inside = std::mem::replace(&mut inside[usize::from(own.dimension)], 1);
            loops.push(TensorLoop {
                dimension: own.dimension,
                bound: own.bound * inside,
                tile: shape.tile(&own.sizes),
            });
        }
    }
}

/// Words that loops span on their own.
fn extent(shape: &Shape, loops: &[TensorLoop]) -> u64 {
    let mut sizes = [1; MAX_DIMENSIONS];
    for own in loops {
        sizes[usize::from(own.dimension)] *= own.bound;
    }
    shape.tile(&sizes).size()
}

fn plain(shape: &Shape, loops: &[TensorLoop], rules: Rules) -> Option<Fibers> {
    let rank = Rank { dimensions: Some(u64::MAX), ..Rank::new(RankFormat::UncompressedBitmask) };
    let format = Format::new(vec![rank], RankOrder::OuterToInner).ok()?;
    format.place(loops, Tile::point(shape.ranks()), None, rules, |loops| extent(shape, loops)).ok()
}
