//! What is worked out about one mapping after another on one prepared pair.

use super::{combined::Combined, complete::Complete, dense::Dense, nest::Nest, prepared::Prepared};
use crate::{
    mapping::MAX_LEVELS,
    problem::MAX_TENSORS,
    sparse::{Fibers, Memo, TileUnits},
};

/// The prepared pair, with the nest, tiles and accesses of the mapping in question.
pub(super) struct Workspace<'a> {
    pub(super) prepared: Prepared<'a>,
    pub(super) memo: Memo,
    pub(super) nest: Nest,
    pub(super) complete: Complete,
    /// Dense counts by tensor, then level.
    pub(super) counts: [[Dense; MAX_LEVELS]; MAX_TENSORS],
    pub(super) fibers: [[Option<Fibers>; MAX_LEVELS]; MAX_TENSORS],
    pub(super) units: [[Option<TileUnits>; MAX_LEVELS]; MAX_TENSORS],
    pub(super) combined: Combined,
}

impl<'a> Workspace<'a> {
    /// Room for mappings of a pair.
    pub(super) fn new(prepared: Prepared<'a>) -> Self {
        Self {
            prepared,
            memo: Memo::default(),
            nest: Nest::empty(),
            complete: Complete::default(),
            counts: [[Dense::none(); MAX_LEVELS]; MAX_TENSORS],
            fibers: [[None; MAX_LEVELS]; MAX_TENSORS],
            units: [[None; MAX_LEVELS]; MAX_TENSORS],
            combined: Combined::new(),
        }
    }
}
