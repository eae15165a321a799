//! Energies of a storage level, by action.

use std::sync::Arc;

use crate::{
    constants::Constants,
    energy::{Scaling, SramEnergy, SramQuery, sram_energy},
};
use signloop_base::{config::TableReader, diagnostics::Problem};

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
    /// The array whose energies were looked up in the table of SRAM energies, where none are stated.
    pub interpolated: Option<SramQuery>,
}

/// What a level's energies are looked up by where its description states none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Array {
    /// Bits of one instance, where bounded.
    pub(super) bits: Option<u64>,
    /// Bits of one access.
    pub(super) width_bits: u64,
    /// Bits of its store of coordinates, where bounded, and of one access to it.
    pub(super) metadata: Option<(Option<u64>, u64)>,
    /// Node and how energies are carried to it.
    pub(super) node: (f64, Scaling),
}

impl Array {
    fn query(&self, bits: u64, width_bits: u64) -> SramQuery {
        let (node_nm, scaling) = self.node;
        SramQuery { bytes: bits.div_ceil(8), width_bits, node_nm, scaling }
    }
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

/// Energies of a level that states none: those of an array of its size in the table of SRAM
/// energies.
pub(super) fn table_energy(level: &TableReader<'_>, array: &Array) -> Option<StorageEnergy> {
    let Some(bits) = array.bits else {
        level.push(
            Problem::new(format!("missing key `{}`", level.full("energy")))
                .at(level.file(), level.span(), "in this level")
                .hint("state `energy = { read_pj = …, write_pj = … }`, or the capacity of an on-chip array, whose energies are then looked up"),
        );
        return None;
    };
    let query = array.query(bits, array.width_bits);
    let own = look_up(level, &query, "energy")?;
    let metadata = match array.metadata {
        Some((Some(bits), width_bits)) => {
            Some(look_up(level, &array.query(bits, width_bits), "energy of the coordinates")?)
        }
        Some((None, _)) => {
            level.push(
                Problem::new(format!("missing key `{}`", level.full("metadata.depth")))
                    .at(
                        level.file(),
                        level.span(),
                        "in this level, whose energies are looked up by size",
                    )
                    .hint("state the depth of the store of coordinates, or its energies"),
            );
            return None;
        }
        None => None,
    };
    let done = |actual: f64| ActionEnergy { actual, ..ActionEnergy::default() };
    let mut energy = StorageEnergy {
        read: done(own.read_pj),
        fill: done(own.write_pj),
        update: done(own.write_pj),
        interpolated: Some(query),
        ..StorageEnergy::default()
    };
    if let Some(metadata) = metadata {
        energy.metadata_read = done(metadata.read_pj);
        energy.metadata_fill = done(metadata.write_pj);
        energy.metadata_update = done(metadata.write_pj);
    }
    Some(energy)
}

fn look_up(level: &TableReader<'_>, query: &SramQuery, what: &str) -> Option<SramEnergy> {
    match sram_energy(query) {
        Ok(energy) => Some(energy),
        Err(outside) => {
            level.push(
                Problem::new(format!("no {what} is stated, and {outside}"))
                    .at(level.file(), level.span(), "in this level")
                    .hint("state `read_pj` and `write_pj` (and those of `metadata`) with their source"),
            );
            None
        }
    }
}

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
        interpolated: None,
    })
}
