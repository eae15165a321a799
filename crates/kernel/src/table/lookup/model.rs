//! What tables of partial sums cost.

use super::{subset::TABLE_BYTES, tables::Lowered};
use signloop_lower::Lane;
use signloop_method::subset_table::{Form, TablePlan, TableTile};
use signloop_network::quant::CodeMatrix;

/// Cycles of a lookup, of an entry that is filled, and of a load or store of a row's sum between
/// groups, for one vector. Source: fitted on a Golden Cove core, AVX-512 and AVX2, 3×3 layers of
/// ResNet-18 with tiles of 2 to 5 columns; within 12 %.
const CYCLES_PER_LOOKUP: f64 = 0.8;
const CYCLES_PER_ENTRY: f64 = 1.8;
const CYCLES_PER_UPDATE: f64 = 1.0;
/// What 16-bit lanes, whose sums are widened, take longer. Source: as above (1.1 to 1.3).
const SHORT_LANES: f64 = 1.15;

/// Most columns of a tile that are worth a trial.
pub(crate) const MOST_INPUTS: u32 = 6;

/// Modelled cycles of the tables of a plan, for one vector of pixels.
pub(crate) fn plan_cycles(matrix: CodeMatrix<'_>, plan: &TablePlan) -> f64 {
    // Rows of both signs read entries of both signs.
    let mixed = |row: &[i8]| row.contains(&1) && row.contains(&-1);
    let signs = if plan.form == Form::Signed && matrix.iter_rows().any(mixed) { 2 } else { 1 };
    let entries = |tile: &TableTile| tile.inputs as usize + tile.entries.len();
    let entries = (signs * plan.tiles.iter().map(entries).sum::<usize>()) as f64;
    let rows = f64::from(plan.rows);
    // Groups of entries of 128 bytes; of fewer where vectors are shorter.
    let updates = 2.0 * rows * entries / (TABLE_BYTES / 128) as f64;
    CYCLES_PER_LOOKUP * rows * plan.tiles.len() as f64
        + CYCLES_PER_ENTRY * entries
        + CYCLES_PER_UPDATE * updates
}

/// Modelled cycles of one vector of a layer's pixels.
pub(super) fn cycles(lowered: &Lowered, lane: Lane) -> f64 {
    let cycles = CYCLES_PER_LOOKUP * lowered.lookups as f64
        + CYCLES_PER_ENTRY * lowered.counts.slot_stores as f64
        + CYCLES_PER_UPDATE * lowered.updates as f64;
    if lane == Lane::I16 { cycles * SHORT_LANES } else { cycles }
}
