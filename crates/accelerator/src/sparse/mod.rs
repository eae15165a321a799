//! Sparse tensors as a statistic: where nonzeros lie ([`Density`]) and what a compressed format
//! makes of them ([`Format`]).
//!
//! The questions and formulas are those of Sparseloop (Wu et al., MICRO 2022); `docs/timeloop-compat.md`
//! lists where the default rules differ from Timeloop's code.

mod actual;
mod banded;
mod comb;
mod density;
mod fibers;
mod format;
mod histogram;
mod hypergeometric;
mod memo;
mod occupied;
mod precise;
mod rules;
mod slide;
mod table;
mod tile;
mod tile_units;
mod units;

pub(crate) use comb::Comb;
pub use density::{Density, Given};
pub use fibers::{Fiber, Fibers, TensorLoop};
pub use format::{Format, FormatFault, Rank, RankOrder, WordBits};
pub use histogram::Histogram;
pub use hypergeometric::Hypergeometric;
pub use memo::Memo;
pub use occupied::Occupied;
pub use rules::Rules;
pub use signloop_machine::accelerator::{RANK_FORMATS, RankFormat};
pub(crate) use slide::{EmptyShare, Shift, Slide, Stand, Step};
pub use tile::Tile;
pub use tile_units::{RankUnits, TileUnits};
pub use units::{expected_units, max_units};
