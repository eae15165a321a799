//! Results that come up again from mapping to mapping, kept by one thread.

use std::collections::HashMap;

use super::{Density, Fibers, Tile, TileUnits, table::Quick};

/// One thread's memory of probabilities and units. Never changes a result.
#[derive(Debug)]
pub struct Memo {
    /// A direct-mapped table of P(empty); 0 is the key of no density.
    empties: Box<[(u64, Tile, f64)]>,
    units: HashMap<(u64, bool, Tile, Fibers), TileUnits, Quick>,
}

/// Places of the table, a power of two; 256 KiB.
const PLACES: usize = 1 << 12;

/// Unit sums kept at most.
const SUMS: usize = 1 << 14;

impl Default for Memo {
    fn default() -> Self {
        let none = (0, Tile::point(0), 0.0);
        Self { empties: vec![none; PLACES].into_boxed_slice(), units: HashMap::default() }
    }
}

impl Memo {
    /// [`Density::p_empty`], from the table if it is there.
    pub fn p_empty(&mut self, density: &Density, tile: &Tile) -> f64 {
        if density.is_dense() {
            return 0.0;
        }
        if density.is_structured() {
            return density.p_empty(tile);
        }
        // Where only sizes matter, tiles of one size share a place.
        let key = if density.is_statistical() { Tile::new(&[tile.size()]) } else { *tile };
        let hash = key.extents().fold(density.key(), |hash, extent| {
            (hash.rotate_left(23) ^ extent).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        let place = &mut self.empties[(hash >> 40) as usize & (PLACES - 1)];
        if place.0 != density.key() || place.1 != key {
            *place = (density.key(), key, density.p_empty(tile));
        }
        place.2
    }

    pub(super) fn units(
        &mut self,
        fibers: &Fibers,
        density: &Density,
        tile: &Tile,
        nonempty: bool,
        make: impl FnOnce() -> TileUnits,
    ) -> TileUnits {
        let key = (density.key(), nonempty, *tile, *fibers);
        if let Some(units) = self.units.get(&key) {
            return *units;
        }
        if self.units.len() >= SUMS {
            self.units.clear();
        }
        let units = make();
        self.units.insert(key, units);
        units
    }
}
