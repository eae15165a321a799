//! Energies of a storage level, by action.

use std::sync::Arc;

use crate::{arch::constants::Constants, config::TableReader};

/// Energy of one action in pJ: done, gated (the address is formed, the array rests) or skipped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ActionEnergy {
    /// Done.
    pub actual: f64,
    /// Gated.
    pub gated: f64,
    /// Skipped.
    pub skipped: f64,
}

/// Energies of a storage level; one access moves one block of words, or one metadata width.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StorageEnergy {
    /// Read of a block.
    pub read: ActionEnergy,
    /// Write of a block that comes from outside.
    pub fill: ActionEnergy,
    /// Write of a block that comes from inside.
    pub update: ActionEnergy,
    /// Read of coordinates.
    pub metadata_read: ActionEnergy,
    /// Write of coordinates from outside.
    pub metadata_fill: ActionEnergy,
    /// Write of coordinates from inside.
    pub metadata_update: ActionEnergy,
    /// Turning one compressed word into a plain one.
    pub decompress: f64,
    /// Turning one plain word into a compressed one.
    pub compress: f64,
    /// Leakage of one instance in pJ a cycle.
    pub leak_per_cycle: f64,
}

/// Keys of one action: its own, then the one it falls back to.
type Keys = [(&'static str, &'static str); 3];

const READ: Keys = [("read_pj", ""), ("gated_read_pj", ""), ("skipped_read_pj", "")];
const FILL: Keys = [
    ("fill_pj", "write_pj"),
    ("gated_fill_pj", "gated_write_pj"),
    ("skipped_fill_pj", "skipped_write_pj"),
];
const UPDATE: Keys = [
    ("update_pj", "write_pj"),
    ("gated_update_pj", "gated_write_pj"),
    ("skipped_update_pj", "skipped_write_pj"),
];
const METADATA_READ: Keys =
    [("metadata_read_pj", ""), ("gated_metadata_read_pj", ""), ("skipped_metadata_read_pj", "")];
const METADATA_FILL: Keys = [
    ("metadata_fill_pj", "metadata_write_pj"),
    ("gated_metadata_fill_pj", "gated_metadata_write_pj"),
    ("skipped_metadata_fill_pj", "skipped_metadata_write_pj"),
];
const METADATA_UPDATE: Keys = [
    ("metadata_update_pj", "metadata_write_pj"),
    ("gated_metadata_update_pj", "gated_metadata_write_pj"),
    ("skipped_metadata_update_pj", "skipped_metadata_write_pj"),
];

/// Reads the table `energy` of a level. A gated action that is not stated costs nothing, a
/// skipped one as much as a gated one.
pub(super) fn read_energy(
    table: &TableReader<'_>,
    source: Option<Arc<str>>,
) -> Option<StorageEnergy> {
    let constants = Constants::inside(table, source);
    let number = |key: &'static str| -> Option<Option<f64>> {
        if key.is_empty() || !table.has(key) {
            // Asking marks the key as known, so that a misspelt one gets a good hint.
            if !key.is_empty() {
                table.node(key);
            }
            return Some(None);
        }
        constants.natural(key).map(|value| Some(value.value))
    };
    let stated = |(own, other): (&'static str, &'static str)| -> Option<Option<f64>> {
        let (own, other) = (number(own)?, number(other)?);
        Some(own.or(other))
    };
    let action = |keys: Keys| -> Option<ActionEnergy> {
        let [actual, gated, skipped] = keys.map(stated);
        let gated = gated?;
        Some(ActionEnergy {
            actual: actual?.unwrap_or(0.0),
            gated: gated.unwrap_or(0.0),
            skipped: skipped?.or(gated).unwrap_or(0.0),
        })
    };
    if !table.has("read_pj") {
        constants.natural("read_pj");
    }
    let energy = (
        [READ, FILL, UPDATE, METADATA_READ, METADATA_FILL, METADATA_UPDATE].map(action),
        number("decompress_pj"),
        number("compress_pj"),
        number("leak_pj_per_cycle"),
    );
    constants.finish();
    let ([read, fill, update, metadata_read, metadata_fill, metadata_update], open, close, leak) =
        energy;
    Some(StorageEnergy {
        read: read?,
        fill: fill?,
        update: update?,
        metadata_read: metadata_read?,
        metadata_fill: metadata_fill?,
        metadata_update: metadata_update?,
        decompress: open?.unwrap_or(0.0),
        compress: close?.unwrap_or(0.0),
        leak_per_cycle: leak?.unwrap_or(0.0),
    })
}
