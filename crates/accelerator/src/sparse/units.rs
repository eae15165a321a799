//! What a compressed tile takes: metadata and payload units of every rank, and nonzeros.

use super::{
    Density, Fibers, Format, Given, Memo, RankFormat, RankUnits, Rules, Tile, TileUnits,
    precise::Wide,
};

/// Sets the expected units of a tile: they are too large to be moved about in a search.
///
/// With `nonempty` the tile is known to hold a nonzero, as its parent's metadata keep empty ones
/// from being sent.
#[inline]
pub fn expected_units(
    units: &mut TileUnits,
    memo: &mut Memo,
    fibers: &Fibers,
    density: &Density,
    (tile, nonempty): (&Tile, bool),
) {
    match density.rules() {
        Rules::Exact => exact(units, memo, fibers, density, (tile, nonempty)),
        // Timeloop has no model of actual data, so there is nothing to reproduce.
        Rules::Timeloop if density.name() == "actual" => {
            exact(units, memo, fibers, density, (tile, nonempty));
        }
        Rules::Timeloop => {
            *units = memo.units(fibers, density, tile, nonempty, || {
                timeloop(fibers, density, tile, nonempty)
            });
        }
    }
}

/// Expectations by linearity: the number of nonempty boxes of one shape has the mean
/// boxes × (1 − P(empty)), whatever the dependence between them. As a nonempty box lies in a
/// nonempty tile, knowing that the tile is nonempty divides by 1 − P(tile empty).
#[inline]
fn exact(
    units: &mut TileUnits,
    memo: &mut Memo,
    fibers: &Fibers,
    density: &Density,
    (tile, nonempty): (&Tile, bool),
) {
    let p_absent = if nonempty { memo.p_empty(density, tile) } else { 0.0 };
    let scale = if p_absent < 1.0 { 1.0 / (1.0 - p_absent) } else { 0.0 };
    let mut present = [0.0; Format::MOST_RANKS + 1];
    let ranks = fibers.ranks();
    for (rank, slot) in present[..ranks.len()].iter_mut().enumerate() {
        // Ranks that cost nothing, above ones that cost nothing, are not asked for.
        if ranks[rank].counted || rank.checked_sub(1).is_some_and(|inner| ranks[inner].counted) {
            *slot = (1.0 - memo.p_empty(density, &ranks[rank].element)) * scale;
        }
    }
    let top = fibers.ranks().len();
    present[top] =
        if nonempty { f64::from(p_absent < 1.0) } else { 1.0 - memo.p_empty(density, tile) };
    units.set(fibers, |rank, count, shape| Numbers {
        fibers: count * present[rank + 1],
        coordinates: count * shape * present[rank],
    });
    units.nonzeros = density.expected(tile) * scale;
    units.p_absent = p_absent;
}

/// The weighted sum over all occupancies k of what a tile with exactly k nonzeros takes; the
/// coordinates of a fiber are rounded up for every k.
fn timeloop(fibers: &Fibers, density: &Density, tile: &Tile, nonempty: bool) -> TileUnits {
    let mut walk = Vec::new();
    density.each_occupancy(tile, |occupancy, probability| walk.push((occupancy, probability)));
    let mut p_absent = 0.0;
    if nonempty && density.min_occupancy(tile) == 0 {
        // The first occupancy that is possible is taken for 0, whatever it is.
        let least = first_possible(density, tile, &walk);
        p_absent = density.probability(tile, least);
        walk.retain(|(occupancy, _)| *occupancy != least);
        for (_, probability) in &mut walk {
            *probability /= 1.0 - p_absent;
        }
    }
    let mut total = TileUnits { len: fibers.ranks().len() as u8, p_absent, ..TileUnits::default() };
    let mut empty = Empties::new(fibers, density, tile);
    for (occupancy, weight) in walk {
        total.nonzeros += weight * occupancy as f64;
        empty.set(occupancy);
        let units = given(fibers, &empty.values);
        for (sum, own) in total.ranks.iter_mut().zip(units.ranks) {
            sum.metadata += weight * own.metadata;
            sum.payload += weight * own.payload;
        }
    }
    total
}

/// The least occupancy of non-zero probability, even where the walk left out a tail.
fn first_possible(density: &Density, tile: &Tile, walk: &[(u64, f64)]) -> u64 {
    let walked = walk.first().map_or(0, |(occupancy, _)| *occupancy);
    if density.is_statistical() {
        let points = density.tensor().size();
        let least = (density.nonzeros() + tile.size()).saturating_sub(points);
        if density.name() == "uniform" { least } else { walked }
    } else {
        walked
    }
}

/// Probabilities that the boxes of the ranks are empty, for one occupancy of the tile after the
/// other.
struct Empties<'a> {
    fibers: &'a Fibers,
    density: &'a Density,
    tile: &'a Tile,
    /// One a rank, then the tile itself.
    values: [f64; Format::MOST_RANKS + 1],
    /// The same with all the digits that a step needs.
    wide: [Wide; Format::MOST_RANKS + 1],
    last: Option<u64>,
}

impl<'a> Empties<'a> {
    fn new(fibers: &'a Fibers, density: &'a Density, tile: &'a Tile) -> Self {
        Self {
            fibers,
            density,
            tile,
            values: [0.0; Format::MOST_RANKS + 1],
            wide: [Wide::ONE; Format::MOST_RANKS + 1],
            last: None,
        }
    }

    fn set(&mut self, occupancy: u64) {
        let tile = self.tile;
        let uniform = self.density.name() == "uniform";
        let from = match self.last {
            Some(last) if uniform && last < occupancy => last,
            // Without a nonzero every box is empty.
            _ => {
                self.wide = [Wide::ONE; Format::MOST_RANKS + 1];
                0
            }
        };
        self.last = Some(occupancy);
        let boxes = self.fibers.ranks().iter().map(|fiber| &fiber.element).chain([tile]);
        for ((value, wide), own) in self.values.iter_mut().zip(&mut self.wide).zip(boxes) {
            if !uniform {
                *value = self.density.p_empty_given(own, Given { tile, occupancy });
                continue;
            }
            for k in from..occupancy {
                // C(N−k−1, n) / C(N−k, n) = (N − k − n) / (N − k).
                let left = tile.size().saturating_sub(k);
                let other = left.saturating_sub(own.size());
                *wide = wide.scaled(other as f64, left.max(1) as f64);
            }
            *value = wide.round();
        }
    }
}

/// Units for known probabilities of empty boxes.
fn given(fibers: &Fibers, empty: &[f64; Format::MOST_RANKS + 1]) -> TileUnits {
    let mut units = TileUnits::default();
    units.set(fibers, |rank, count, shape| {
        let fibers = count * (1.0 - empty[rank + 1]);
        let whole = (shape * (1.0 - empty[rank])).ceil();
        Numbers { fibers, coordinates: fibers * whole }
    });
    units.with_runs(fibers, empty)
}

impl TileUnits {
    /// Runs are not rounded to whole coordinates.
    fn with_runs(mut self, fibers: &Fibers, empty: &[f64; Format::MOST_RANKS + 1]) -> Self {
        let mut count = 1.0;
        for (rank, fiber) in fibers.ranks().iter().enumerate().rev() {
            if fiber.format == RankFormat::RunLength && fiber.counted {
                let runs =
                    count * (1.0 - empty[rank + 1]) * fiber.shape as f64 * (1.0 - empty[rank]);
                let payload = if self.ranks[rank].payload > 0.0 { runs } else { 0.0 };
                self.ranks[rank] = RankUnits { metadata: runs, payload };
            }
            count *= fiber.shape as f64;
        }
        self
    }
}

/// Nonempty fibers of a rank and nonempty coordinates in all of them.
struct Numbers {
    fibers: f64,
    coordinates: f64,
}

impl TileUnits {
    /// Sets the ranks from `numbers(rank, fibers above at most, coordinates of a fiber)`.
    #[inline]
    fn set(&mut self, fibers: &Fibers, numbers: impl Fn(usize, f64, f64) -> Numbers) {
        let mut count = 1.0;
        let ranks = &mut self.ranks[..fibers.ranks().len()];
        for (rank, fiber) in fibers.ranks().iter().enumerate().rev() {
            let shape = fiber.shape as f64;
            ranks[rank] = RankUnits::default();
            if fiber.counted {
                let found = numbers(rank, count, shape);
                ranks[rank] = match fiber.format {
                    RankFormat::OffsetPairs => {
                        RankUnits { metadata: 0.0, payload: found.fibers * (shape + 1.0) }
                    }
                    RankFormat::Coordinates | RankFormat::RunLength => {
                        RankUnits { metadata: found.coordinates, payload: found.coordinates }
                    }
                    RankFormat::Bitmask => {
                        RankUnits { metadata: found.fibers * shape, payload: found.coordinates }
                    }
                    RankFormat::UncompressedBitmask => {
                        RankUnits { metadata: count * shape, payload: count * shape }
                    }
                };
            }
            count *= shape;
        }
        // What the innermost rank points to is the data itself.
        if let Some(innermost) = fibers.ranks().iter().position(|fiber| fiber.counted) {
            ranks[innermost].payload = 0.0;
        }
        self.len = fibers.ranks().len() as u8;
    }
}

/// Sets the units at the greatest occupancy of a tile, for which a level must have room. A
/// confidence below 1 leaves out the fullest tiles.
pub fn max_units(
    units: &mut TileUnits,
    fibers: &Fibers,
    density: &Density,
    tile: &Tile,
    confidence: f64,
) {
    let occupancy = density.max_occupancy(tile, confidence);
    if density.rules() == Rules::Timeloop && density.name() != "actual" {
        let mut empty = Empties::new(fibers, density, tile);
        empty.set(occupancy);
        *units = given(fibers, &empty.values);
    } else {
        // No more boxes can be nonempty than there are boxes, nor than there are nonzeros.
        let most = |own: &Tile, boxes: f64| -> f64 {
            if density.is_statistical() {
                boxes.min(occupancy as f64)
            } else {
                boxes.min(density.max_elements(tile, own) as f64)
            }
        };
        let ranks = fibers.ranks();
        units.set(fibers, |rank, count, shape| Numbers {
            fibers: most(
                if rank + 1 == ranks.len() { tile } else { &ranks[rank + 1].element },
                count,
            ),
            coordinates: most(&ranks[rank].element, count * shape),
        });
    }
    units.nonzeros = occupancy as f64;
    units.p_absent = 0.0;
}
