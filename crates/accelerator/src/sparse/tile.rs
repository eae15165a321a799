//! The shape of a tile: a box of a tensor.

/// Extents of a box of a tensor, one a rank, in the tensor's own rank order. Small and `Copy`,
/// as tiles are the keys of every table of the sparse model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    extents: [u32; Self::MAX_RANKS],
    ranks: u8,
    size: u64,
}

impl Tile {
    /// Ranks that a tensor can have at most.
    pub const MAX_RANKS: usize = 8;

    /// A box of the given extents. Extents beyond 32 bits and sizes beyond 64 bits saturate; a
    /// tensor of such a size is refused where it is read.
    ///
    /// # Panics
    /// More than [`Tile::MAX_RANKS`] ranks, which the reader of a workload refuses.
    #[must_use]
    pub fn new(extents: &[u64]) -> Self {
        Self::from_fn(extents.len(), |rank| extents[rank])
    }

    /// A box of `ranks` ranks whose extents a function tells; as [`Tile::new`] otherwise. Written
    /// where it is returned: a search makes many.
    ///
    /// # Panics
    /// As [`Tile::new`].
    #[inline]
    #[must_use]
    pub fn from_fn(ranks: usize, extent: impl Fn(usize) -> u64) -> Self {
        let mut tile = Self { extents: [1; Self::MAX_RANKS], ranks: ranks as u8, size: 1 };
        for (rank, slot) in tile.extents[..ranks].iter_mut().enumerate() {
            let extent = extent(rank);
            *slot = u32::try_from(extent).unwrap_or(u32::MAX);
            tile.size = tile.size.saturating_mul(extent);
        }
        tile
    }

    /// One element of a tensor of that many ranks.
    #[must_use]
    pub fn point(ranks: usize) -> Self {
        Self { extents: [1; Self::MAX_RANKS], ranks: ranks.min(Self::MAX_RANKS) as u8, size: 1 }
    }

    /// Number of ranks.
    #[must_use]
    pub fn ranks(&self) -> usize {
        usize::from(self.ranks)
    }

    /// Extent along a rank.
    #[must_use]
    pub fn extent(&self, rank: usize) -> u64 {
        u64::from(self.extents[rank])
    }

    /// All extents.
    pub fn extents(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.extents[..usize::from(self.ranks)].iter().map(|extent| u64::from(*extent))
    }

    /// Points of the box.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::Tile;

    #[test]
    fn sizes_are_products_and_saturate() {
        assert_eq!(Tile::new(&[3, 4, 5]).size(), 60);
        assert_eq!(Tile::point(4).size(), 1);
        assert_eq!(Tile::new(&[u64::MAX, 2]).size(), u64::MAX);
        assert_eq!(Tile::new(&[3, 4]).extents().collect::<Vec<_>>(), [3, 4]);
        assert_eq!(Tile::new(&[1, 1]), Tile::point(2));
    }
}
