//! Where the nonzeros of an actual tensor lie, a bit an element.

use super::Tile;
use signloop_base::diagnostics::Problem;
use signloop_network::quant::QuantizedTensor;

/// A tensor of zeros and nonzeros, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupied {
    extents: Vec<u64>,
    words: Vec<u64>,
    len: usize,
    nonzeros: u64,
}

impl Occupied {
    /// Wraps flags in row-major order.
    ///
    /// # Errors
    /// The flags do not fill the extents, or there are more than [`Tile::MAX_RANKS`] ranks.
    pub fn new(extents: &[u64], nonzero: &[bool]) -> Result<Self, Problem> {
        let size = extents.iter().try_fold(1_u64, |size, extent| size.checked_mul(*extent));
        if size != Some(nonzero.len() as u64) || extents.len() > Tile::MAX_RANKS {
            return Err(Problem::new(format!(
                "{} values do not fill a tensor of {extents:?}",
                nonzero.len()
            )));
        }
        let words = nonzero
            .chunks(64)
            .map(|chunk| {
                chunk.iter().enumerate().fold(0, |word, (bit, set)| word | u64::from(*set) << bit)
            })
            .collect();
        let nonzeros = nonzero.iter().filter(|set| **set).count() as u64;
        Ok(Self { extents: extents.to_vec(), words, len: nonzero.len(), nonzeros })
    }

    /// The effectual weights of a layer, with the ranks K, C, R, S.
    #[must_use]
    pub fn from_weights(tensor: &QuantizedTensor) -> Self {
        let shape = tensor.shape();
        let extents = [shape.filters, shape.channels, shape.kernel_height, shape.kernel_width];
        let words = tensor
            .codes()
            .chunks(64)
            .map(|chunk| {
                let bits = chunk.iter().enumerate();
                bits.fold(0, |word, (bit, code)| word | u64::from(*code != 0) << bit)
            })
            .collect();
        Self {
            extents: extents.iter().map(|extent| *extent as u64).collect(),
            words,
            len: tensor.codes().len(),
            nonzeros: tensor.effectual(),
        }
    }

    /// The same tensor with its ranks in another order: rank `i` is the old rank `order[i]`.
    ///
    /// # Panics
    /// `order` is no permutation of the ranks.
    #[must_use]
    pub fn permuted(&self, order: &[usize]) -> Self {
        let ranks = self.extents.len();
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..ranks), "a permutation of {ranks} ranks");
        let mut strides = vec![1_usize; ranks];
        for rank in (1..ranks).rev() {
            strides[rank - 1] = strides[rank] * self.extents[rank] as usize;
        }
        let extents: Vec<u64> = order.iter().map(|rank| self.extents[*rank]).collect();
        let steps: Vec<usize> = order.iter().map(|rank| strides[*rank]).collect();
        let mut flags = Vec::with_capacity(self.len);
        let mut place = vec![0_u64; ranks];
        let mut offset = 0;
        for _ in 0..self.len {
            flags.push(self.get(offset));
            for rank in (0..ranks).rev() {
                place[rank] += 1;
                offset += steps[rank];
                if place[rank] < extents[rank] {
                    break;
                }
                offset -= steps[rank] * extents[rank] as usize;
                place[rank] = 0;
            }
        }
        let words = flags
            .chunks(64)
            .map(|chunk| {
                chunk.iter().enumerate().fold(0, |word, (bit, set)| word | u64::from(*set) << bit)
            })
            .collect();
        Self { extents, words, len: self.len, nonzeros: self.nonzeros }
    }

    /// The same elements in row-major order with other extents, such as the weights of a grouped
    /// convolution by group, or those of a linear layer without kernel ranks.
    ///
    /// # Errors
    /// The extents have another size.
    pub fn reshaped(mut self, extents: &[u64]) -> Result<Self, Problem> {
        let size = extents.iter().try_fold(1_u64, |size, extent| size.checked_mul(*extent));
        if size != Some(self.len as u64) || extents.len() > Tile::MAX_RANKS {
            return Err(Problem::new(format!(
                "{} values do not fill a tensor of {extents:?}",
                self.len
            )));
        }
        self.extents = extents.to_vec();
        Ok(self)
    }

    /// The same tensor with `ranks` neighbouring ranks from `first` on taken as one, such as C, R
    /// and S of a convolution seen as a matrix.
    ///
    /// # Panics
    /// The ranks are not there.
    #[must_use]
    pub fn merged(mut self, first: usize, ranks: usize) -> Self {
        let size = self.extents[first..first + ranks].iter().product();
        self.extents.splice(first..first + ranks, [size]);
        self
    }

    /// The extents as a tile.
    #[must_use]
    pub fn tile(&self) -> Tile {
        Tile::new(&self.extents)
    }

    /// Number of nonzeros.
    #[must_use]
    pub fn nonzeros(&self) -> u64 {
        self.nonzeros
    }

    /// Whether an element is a nonzero, by its row-major place.
    #[must_use]
    pub fn get(&self, place: usize) -> bool {
        self.words[place / 64] >> (place % 64) & 1 == 1
    }

    /// Extent along each rank.
    pub(super) fn extents(&self) -> &[u64] {
        &self.extents
    }

    /// Tiles along each rank.
    pub(super) fn grid(&self, tile: &Tile) -> Vec<u64> {
        let extents = self.extents.iter().zip(tile.extents());
        extents.map(|(own, extent)| own.div_ceil(extent.max(1))).collect()
    }

    /// Nonzeros of every aligned tile, row-major over the grid of tiles; tiles at the far edges
    /// may be cut off.
    pub(super) fn counts(&self, tile: &Tile) -> Vec<u32> {
        let widths = tile.extents().zip(&self.extents);
        let places: Vec<Vec<u64>> = widths
            .map(|(width, extent)| (0..*extent).map(|at| at / width.max(1)).collect())
            .collect();
        self.counts_by(&places, &self.grid(tile))
    }

    /// Nonzeros of every group of elements, row-major over the grid of groups: `places` tells an
    /// element's place in the grid by its index along each rank.
    pub(super) fn counts_by(&self, places: &[Vec<u64>], grid: &[u64]) -> Vec<u32> {
        let groups: u64 = grid.iter().product();
        let mut counts = vec![0_u32; groups as usize];
        // An element's group is a sum of one term for its leading and one for its trailing ranks,
        // each from a table, so that the walk over the bits divides nothing.
        let split = self.split();
        let outer = partial(&places[..split], grid, 0);
        let inner = partial(&places[split..], grid, split);
        for (row, base) in outer.iter().enumerate() {
            self.each_set(row * inner.len(), inner.len(), |place| {
                counts[(base + inner[place]) as usize] += 1;
            });
        }
        counts
    }

    /// First of the trailing ranks that together have at most a few thousand elements.
    fn split(&self) -> usize {
        let mut size = 1;
        for rank in (0..self.extents.len()).rev() {
            size *= self.extents[rank];
            if size > 8192 {
                return (rank + 1).min(self.extents.len() - 1);
            }
        }
        0
    }

    /// Calls `visit` with the place, from `start` on, of every nonzero among `len` elements.
    fn each_set(&self, start: usize, len: usize, mut visit: impl FnMut(usize)) {
        let end = start + len;
        let mut place = start;
        while place < end {
            let offset = place % 64;
            let width = (64 - offset).min(end - place);
            let mut word = self.words[place / 64] >> offset;
            if width < 64 {
                word &= (1 << width) - 1;
            }
            while word != 0 {
                visit(place - start + word.trailing_zeros() as usize);
                word &= word - 1;
            }
            place += width;
        }
    }
}

/// For every element of the ranks from `first` on, the share of its group's place in the grid.
fn partial(places: &[Vec<u64>], grid: &[u64], first: usize) -> Vec<u64> {
    let mut sums = vec![0_u64];
    for (index, own) in places.iter().enumerate() {
        let step: u64 = grid[first + index + 1..].iter().product();
        sums = sums.iter().flat_map(|sum| own.iter().map(move |at| sum + at * step)).collect();
    }
    sums
}

#[cfg(test)]
mod tests {
    use rand_core::{Rng as _, SeedableRng as _};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn random(extents: &[u64], seed: u64) -> Occupied {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let size: u64 = extents.iter().product();
        let flags: Vec<bool> = (0..size).map(|_| random.next_u32() % 3 == 0).collect();
        Occupied::new(extents, &flags).unwrap()
    }

    #[test]
    fn tiles_hold_what_a_walk_over_all_elements_finds() {
        for (extents, tiles) in [
            (
                vec![6, 5, 3, 3],
                vec![[1, 1, 1, 1], [2, 5, 3, 3], [6, 1, 1, 3], [4, 2, 2, 2], [6, 5, 3, 3]],
            ),
            (
                vec![130, 70, 1, 1],
                vec![[1, 64, 1, 1], [13, 7, 1, 1], [130, 1, 1, 1], [3, 70, 1, 1], [2, 2, 1, 1]],
            ),
        ] {
            let occupied = random(&extents, 7);
            for tile in tiles {
                let tile = Tile::new(&tile);
                let grid = occupied.grid(&tile);
                let mut expected = vec![0_u32; grid.iter().product::<u64>() as usize];
                for place in 0..occupied.len {
                    let mut rest = place as u64;
                    let mut at = vec![0; extents.len()];
                    for rank in (0..extents.len()).rev() {
                        at[rank] = rest % extents[rank] / tile.extent(rank);
                        rest /= extents[rank];
                    }
                    let index = at.iter().zip(&grid).fold(0, |index, (at, size)| index * size + at);
                    expected[index as usize] += u32::from(occupied.get(place));
                }
                assert_eq!(occupied.counts(&tile), expected, "{extents:?} {tile:?}");
                assert_eq!(
                    expected.iter().map(|count| u64::from(*count)).sum::<u64>(),
                    occupied.nonzeros()
                );
            }
        }
    }

    #[test]
    fn ranks_change_places_and_merge() {
        let occupied = random(&[2, 3, 4], 1);
        let turned = occupied.permuted(&[2, 0, 1]);
        assert_eq!(turned.tile(), Tile::new(&[4, 2, 3]));
        for (i, j, k) in
            (0..2).flat_map(|i| (0..3).flat_map(move |j| (0..4).map(move |k| (i, j, k))))
        {
            assert_eq!(turned.get((k * 2 + i) * 3 + j), occupied.get((i * 3 + j) * 4 + k));
        }
        assert_eq!(occupied.clone().merged(1, 2).tile(), Tile::new(&[2, 12]));
        assert_eq!(occupied.clone().reshaped(&[6, 4]).unwrap().tile(), Tile::new(&[6, 4]));
        assert!(occupied.reshaped(&[6, 5]).is_err());
    }
}
