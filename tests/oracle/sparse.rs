//! Densities and formats against trees of fibers built for every placement of small tensors.

use signloop::accelerator::sparse::{
    Density, Fibers, Format, Given, Memo, Occupied, Rank, RankFormat, RankOrder, Rules, TensorLoop,
    Tile, TileUnits, expected_units, max_units,
};

fn on_average(
    memo: &mut Memo,
    fibers: &Fibers,
    density: &Density,
    tile: &Tile,
    nonempty: bool,
) -> TileUnits {
    let mut units = TileUnits::default();
    expected_units(&mut units, memo, fibers, density, (tile, nonempty));
    units
}

fn at_most(fibers: &Fibers, density: &Density, tile: &Tile) -> TileUnits {
    let mut units = TileUnits::default();
    max_units(&mut units, fibers, density, tile, 1.0);
    units
}

/// A matrix of zeros and nonzeros, row-major.
#[derive(Clone)]
struct Matrix {
    rows: u64,
    columns: u64,
    nonzero: Vec<bool>,
}

impl Matrix {
    fn count(&self, top: u64, left: u64, tile: &Tile) -> u64 {
        let rows = top..(top + tile.extent(0)).min(self.rows);
        let columns = left..(left + tile.extent(1)).min(self.columns);
        rows.flat_map(|row| columns.clone().map(move |column| row * self.columns + column))
            .filter(|place| self.nonzero[*place as usize])
            .count() as u64
    }

    fn corners(&self, tile: &Tile) -> Vec<(u64, u64)> {
        let (rows, columns) = (self.rows, self.columns);
        let (height, width) = (tile.extent(0) as usize, tile.extent(1) as usize);
        (0..rows)
            .step_by(height)
            .flat_map(|top| (0..columns).step_by(width).map(move |left| (top, left)))
            .collect()
    }

    fn counts(&self, tile: &Tile) -> Vec<u64> {
        self.corners(tile).into_iter().map(|(top, left)| self.count(top, left, tile)).collect()
    }

    fn density(&self, rules: Rules) -> Density {
        let occupied = Occupied::new(&[self.rows, self.columns], &self.nonzero).unwrap();
        Density::actual(occupied, rules)
    }
}

/// Every matrix with exactly `nonzeros` nonzeros.
fn placements(rows: u64, columns: u64, nonzeros: u32) -> Vec<Matrix> {
    let size = rows * columns;
    (0_u32..1 << size)
        .filter(|bits| bits.count_ones() == nonzeros)
        .map(|bits| Matrix {
            rows,
            columns,
            nonzero: (0..size).map(|at| bits >> at & 1 == 1).collect(),
        })
        .collect()
}

fn band(side: u64, width: u64) -> Matrix {
    let nonzero = (0..side * side).map(|at| (at / side).abs_diff(at % side) <= width).collect();
    Matrix { rows: side, columns: side, nonzero }
}

/// A pseudo-random matrix of about a third of nonzeros, from a linear congruence.
fn scattered(rows: u64, columns: u64, seed: u64) -> Matrix {
    let mut state = seed;
    let nonzero = (0..rows * columns)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33 & 0xff < 85
        })
        .collect();
    Matrix { rows, columns, nonzero }
}

const TILES: [[u64; 2]; 6] = [[1, 1], [1, 4], [1, 2], [3, 1], [3, 2], [3, 4]];

#[test]
fn uniform_is_the_mean_over_every_placement() {
    let all = placements(3, 4, 5);
    // 792 placements of five nonzeros: C(12, 5).
    assert_eq!(all.len(), 792);
    let density = Density::uniform(Tile::new(&[3, 4]), 5.0 / 12.0, Rules::Exact);
    assert_eq!(density.nonzeros(), 5);
    for extents in TILES {
        let tile = Tile::new(&extents);
        let counts: Vec<u64> = all.iter().flat_map(|matrix| matrix.counts(&tile)).collect();
        let of = |occupancy| {
            counts.iter().filter(|count| **count == occupancy).count() as f64 / counts.len() as f64
        };
        assert!((density.p_empty(&tile) - of(0)).abs() < 1e-12, "{extents:?}");
        let mut listed = 0.0;
        density.each_occupancy(&tile, |occupancy, probability| {
            assert!((probability - of(occupancy)).abs() < 1e-12, "{extents:?} {occupancy}");
            listed += probability;
        });
        assert!((listed - 1.0).abs() < 1e-12);
        let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        assert!((density.expected(&tile) - mean).abs() < 1e-12);
        assert_eq!(density.max_occupancy(&tile, 1.0), *counts.iter().max().unwrap());
        assert_eq!(density.min_occupancy(&tile), *counts.iter().min().unwrap());
        for block in [1, 2, 3, 8] {
            let blocks: u64 = counts.iter().map(|count| count.div_ceil(block)).sum();
            let exact = blocks as f64 / counts.len() as f64;
            assert!((density.expected_blocks(&tile, block) - exact).abs() < 1e-12);
        }
    }
    // Conditional on the parent's occupancy: rows of a 2x2 tile that holds two nonzeros.
    let (parent, row) = (Tile::new(&[2, 2]), Tile::new(&[1, 2]));
    let (mut empty, mut seen) = (0, 0);
    for matrix in &all {
        for left in [0, 2] {
            if matrix.count(0, left, &parent) == 2 {
                empty += (0..2).filter(|top| matrix.count(*top, left, &row) == 0).count();
                seen += 2;
            }
        }
    }
    let given = density.p_empty_given(&row, Given { tile: &parent, occupancy: 2 });
    assert!((given - empty as f64 / seen as f64).abs() < 1e-12);
}

#[test]
fn actual_and_banded_count_the_very_tiles() {
    for (matrix, density) in [
        (scattered(9, 8, 3), scattered(9, 8, 3).density(Rules::Exact)),
        (band(9, 2), band(9, 2).density(Rules::Exact)),
        (band(9, 2), Density::banded(Tile::new(&[9, 9]), 2, Rules::Exact).unwrap()),
    ] {
        for extents in TILES.into_iter().chain([[2, 3], [4, 4], [9, 8], [1, 8]]) {
            let tile = Tile::new(&extents);
            let counts = matrix.counts(&tile);
            let share = |wanted| {
                counts.iter().filter(|own| **own == wanted).count() as f64 / counts.len() as f64
            };
            for occupancy in 0..=tile.size() {
                assert_eq!(density.probability(&tile, occupancy), share(occupancy), "{extents:?}");
            }
            assert_eq!(density.p_empty(&tile), share(0));
            assert_eq!(density.max_occupancy(&tile, 1.0), *counts.iter().max().unwrap());
            assert_eq!(density.min_occupancy(&tile), *counts.iter().min().unwrap());
            let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
            assert!((density.expected(&tile) - mean).abs() < 1e-12);
        }
        assert_eq!(density.nonzeros(), matrix.nonzero.iter().filter(|set| **set).count() as u64);
    }
}

#[test]
fn structured_tiles_hold_the_whole_numbers_next_to_the_mean() {
    let density = Density::structured(Tile::new(&[16, 16]), 0.375, Rules::Exact);
    for size in [1, 2, 3, 5, 8, 16] {
        let tile = Tile::new(&[1, size]);
        let exact = size as f64 * 0.375;
        let (mut mean, mut total) = (0.0, 0.0);
        density.each_occupancy(&tile, |occupancy, probability| {
            assert!((occupancy as f64 - exact).abs() < 1.0);
            assert_eq!(probability, density.probability(&tile, occupancy));
            mean += occupancy as f64 * probability;
            total += probability;
        });
        assert!((mean - exact).abs() < 1e-12 && (total - 1.0).abs() < 1e-12);
        assert_eq!(density.p_empty(&tile), density.probability(&tile, 0));
        assert_eq!(density.max_occupancy(&tile, 1.0), exact.ceil() as u64);
        assert_eq!(density.min_occupancy(&tile), exact.floor() as u64);
    }
    // 2:4: at most two of four lanes, and both are needed.
    let half = Density::structured(Tile::new(&[16, 16]), 0.5, Rules::Exact);
    assert_eq!(half.max_elements(&Tile::new(&[1, 4]), &Tile::point(2)), 2);
}

/// Loops of a 2x4 tile: four columns inside two rows.
fn loops() -> [TensorLoop; 2] {
    [
        TensorLoop { dimension: 1, bound: 4, tile: Tile::new(&[1, 4]) },
        TensorLoop { dimension: 0, bound: 2, tile: Tile::new(&[2, 4]) },
    ]
}

fn place(upper: RankFormat, lower: RankFormat) -> Option<Fibers> {
    let format =
        Format::new(vec![Rank::new(upper), Rank::new(lower)], RankOrder::InnerToOuter).ok()?;
    let product = |loops: &[TensorLoop]| loops.iter().map(|own| own.bound).product();
    Some(format.place(&loops(), Tile::point(2), None, Rules::Exact, product).unwrap())
}

/// (metadata, payload) of the two ranks, outer first, of one 2x4 tile as a tree of fibers.
fn tree(matrix: &Matrix, top: u64, left: u64, formats: [RankFormat; 2]) -> [(u64, u64); 2] {
    let tile = Tile::new(&[2, 4]);
    let row = Tile::new(&[1, 4]);
    let nonempty_tile = u64::from(matrix.count(top, left, &tile) > 0);
    let rows = (0..2).filter(|row_at| matrix.count(top + row_at, left, &row) > 0).count() as u64;
    let units = |format, fibers: u64, all: u64, shape: u64, coordinates: u64| match format {
        RankFormat::OffsetPairs => (0, fibers * (shape + 1)),
        RankFormat::Coordinates | RankFormat::RunLength => (coordinates, coordinates),
        RankFormat::Bitmask => (fibers * shape, coordinates),
        RankFormat::UncompressedBitmask => (all * shape, all * shape),
    };
    let outer = units(formats[0], nonempty_tile, 1, 2, rows);
    let (metadata, _) = units(formats[1], rows, 2, 4, matrix.count(top, left, &tile));
    [outer, (metadata, 0)]
}

const FORMATS: [RankFormat; 5] = [
    RankFormat::OffsetPairs,
    RankFormat::Coordinates,
    RankFormat::RunLength,
    RankFormat::Bitmask,
    RankFormat::UncompressedBitmask,
];

/// Mean units of the 2x4 tiles of some matrices, all of them or only the nonempty ones.
fn mean(matrices: &[Matrix], formats: [RankFormat; 2], nonempty: bool) -> ([(f64, f64); 2], f64) {
    let tile = Tile::new(&[2, 4]);
    let mut sums = [(0, 0); 2];
    let (mut nonzeros, mut tiles) = (0, 0);
    for matrix in matrices {
        for (top, left) in matrix.corners(&tile) {
            let count = matrix.count(top, left, &tile);
            if nonempty && count == 0 {
                continue;
            }
            tiles += 1;
            nonzeros += count;
            for (sum, own) in sums.iter_mut().zip(tree(matrix, top, left, formats)) {
                *sum = (sum.0 + own.0, sum.1 + own.1);
            }
        }
    }
    let mean = |sum: u64| sum as f64 / f64::from(tiles);
    (sums.map(|(metadata, payload)| (mean(metadata), mean(payload))), mean(nonzeros))
}

#[test]
fn every_format_takes_what_its_tree_of_fibers_has() {
    let uniform = placements(2, 8, 3);
    let cases: [(&[Matrix], Density); 4] = [
        (&uniform, Density::uniform(Tile::new(&[2, 8]), 3.0 / 16.0, Rules::Exact)),
        (&[scattered(8, 12, 5)], scattered(8, 12, 5).density(Rules::Exact)),
        (&[band(8, 1)], band(8, 1).density(Rules::Exact)),
        (&[band(8, 1)], Density::banded(Tile::new(&[8, 8]), 1, Rules::Exact).unwrap()),
    ];
    let tile = Tile::new(&[2, 4]);
    let mut compared = 0;
    for (matrices, density) in &cases {
        for upper in FORMATS {
            for lower in FORMATS {
                let Some(fibers) = place(upper, lower) else { continue };
                let mut memo = Memo::default();
                for nonempty in [false, true] {
                    let (expected, nonzeros) = mean(matrices, [upper, lower], nonempty);
                    let units = on_average(&mut memo, &fibers, density, &tile, nonempty);
                    for (rank, (metadata, payload)) in expected.into_iter().rev().enumerate() {
                        let own = units.ranks()[rank];
                        assert!(
                            (own.metadata - metadata).abs() < 1e-12
                                && (own.payload - payload).abs() < 1e-12,
                            "{} {upper:?} {lower:?} rank {rank}: {own:?}, {metadata} {payload}",
                            density.name()
                        );
                    }
                    assert!((units.nonzeros - nonzeros).abs() < 1e-12);
                    compared += 1;
                }
                // Room for the fullest tile: never less than any tile takes, and for counted
                // tensors exactly what the fullest one of each rank takes.
                let most = at_most(&fibers, density, &tile);
                let mut fullest = [(0, 0); 2];
                for matrix in *matrices {
                    for (top, left) in matrix.corners(&tile) {
                        for (most, own) in
                            fullest.iter_mut().zip(tree(matrix, top, left, [upper, lower]))
                        {
                            *most = (most.0.max(own.0), most.1.max(own.1));
                        }
                    }
                }
                for (rank, (metadata, payload)) in fullest.into_iter().rev().enumerate() {
                    let own = most.ranks()[rank];
                    assert_eq!(
                        (own.metadata, own.payload),
                        (metadata as f64, payload as f64),
                        "{upper:?} {lower:?}"
                    );
                }
            }
        }
    }
    // Of the 25 pairs the 6 with a compressed rank above an uncompressed one are refused.
    assert_eq!(compared, 4 * 19 * 2);
}

#[test]
fn timeloop_units_are_those_of_its_own_run() {
    // Case 07_uniform of the shared runs: A is 16x16 at density 0.25; the Buffer holds 4x16 tiles
    // as UOP over M=4 and CP over K=16. Its output: 557 coordinates and 161 offsets for 4096 reads
    // plus 556 and 160 skipped, 70 and 21 for 256 fills; 64 and 5 at most.
    let format = Format::new(
        vec![Rank::new(RankFormat::OffsetPairs), Rank::new(RankFormat::Coordinates)],
        RankOrder::InnerToOuter,
    )
    .unwrap();
    let loops = [
        TensorLoop { dimension: 2, bound: 16, tile: Tile::new(&[1, 16]) },
        TensorLoop { dimension: 0, bound: 4, tile: Tile::new(&[4, 16]) },
    ];
    let product = |loops: &[TensorLoop]| loops.iter().map(|own| own.bound).product();
    let fibers = format.place(&loops, Tile::point(2), None, Rules::Timeloop, product).unwrap();
    let density = Density::uniform(Tile::new(&[16, 16]), 0.25, Rules::Timeloop);
    let tile = Tile::new(&[4, 16]);
    let mut memo = Memo::default();
    let units = on_average(&mut memo, &fibers, &density, &tile, true);
    let moved = |units: f64, dense: f64| (units * dense / 64.0).ceil();
    assert_eq!(moved(units.ranks()[0].metadata, 256.0), 70.0);
    assert_eq!(moved(units.ranks()[1].payload, 256.0), 21.0);
    assert_eq!(moved(units.ranks()[0].metadata, 4096.0), 1113.0);
    assert_eq!(moved(units.ranks()[1].payload, 4096.0), 321.0);
    let most = at_most(&fibers, &density, &tile);
    assert_eq!((most.ranks()[0].metadata, most.ranks()[1].payload), (64.0, 5.0));
    assert_eq!(most.nonzeros, 64.0);
}
