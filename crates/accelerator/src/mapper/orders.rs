//! Orders of loops that the model tells apart.
//!
//! Without sparse features and sliding windows a level's order matters only through the loops that
//! lie inside the first one that moves a tensor: those reuse its tile. One order stands for all of
//! equal such sets, and an order is left out when another reuses more of some tensor and less of
//! none, as it can then only save accesses.

use std::collections::HashMap;

use super::Space;

/// The orders worth trying, by level and set of loops.
#[derive(Debug, Default)]
pub(super) struct Orders(HashMap<(usize, u16), Vec<Vec<u8>>>);

/// More loops at one level than this are not walked through completely.
pub(super) const MOST_LOOPS: u32 = 7;

impl Orders {
    /// Orders of the loops of a level over the dimensions of a set, innermost first.
    pub(super) fn of(&mut self, space: &Space<'_>, level: usize, set: u16) -> &[Vec<u8>] {
        self.0.entry((level, set)).or_insert_with(|| classes(space, level, set))
    }
}

/// What the model sees of an order: for every tensor the loops inside the first that moves it,
/// and where order matters beyond that, the loops that move it in order.
type Signature = Vec<(u16, Vec<u8>)>;

fn classes(space: &Space<'_>, level: usize, set: u16) -> Vec<Vec<u8>> {
    let mut loops: Vec<u8> = (0..16).filter(|dimension| set >> dimension & 1 == 1).collect();
    // Loops with a given place are innermost, in the given order.
    let pinned: Vec<u8> =
        space.first[level].iter().copied().filter(|own| set >> own & 1 == 1).collect();
    loops.retain(|own| !pinned.contains(own));
    let mut found: Vec<(Signature, Vec<u8>)> = Vec::new();
    permute(&mut loops, 0, &mut |rest| {
        let order: Vec<u8> = pinned.iter().chain(rest).copied().collect();
        let signature = signature(space, &order);
        if !found.iter().any(|(own, _)| *own == signature) {
            found.push((signature, order));
        }
    });
    let plain = |signature: &Signature| signature.iter().all(|(_, order)| order.is_empty());
    let beaten = |signature: &Signature| {
        plain(signature)
            && found.iter().any(|(other, _)| {
                let no_less =
                    signature.iter().zip(other).all(|((own, _), (other, _))| own & !other == 0);
                other != signature && no_less
            })
    };
    let kept: Vec<Vec<u8>> =
        found.iter().filter(|(own, _)| !beaten(own)).map(|(_, order)| order.clone()).collect();
    kept
}

fn signature(space: &Space<'_>, order: &[u8]) -> Signature {
    let sparse = space.accelerator.is_sparse();
    let tensors = space.problem.tensors.iter();
    tensors
        .map(|tensor| {
            let moves = |dimension: &u8| tensor.uses(usize::from(*dimension));
            let inside = order.iter().take_while(|own| !moves(own));
            let set = inside.fold(0, |set, own| set | 1 << own);
            let slides = tensor.indices.iter().any(|index| index.len() > 1);
            let exact = if sparse || slides {
                order.iter().copied().filter(moves).collect()
            } else {
                Vec::new()
            };
            (set, exact)
        })
        .collect()
}

/// Calls `visit` with every order of the items from `from` on.
fn permute(items: &mut Vec<u8>, from: usize, visit: &mut impl FnMut(&[u8])) {
    if from + 1 >= items.len() {
        visit(items);
        return;
    }
    for index in from..items.len() {
        items.swap(from, index);
        permute(items, from + 1, visit);
        items.swap(from, index);
    }
}
