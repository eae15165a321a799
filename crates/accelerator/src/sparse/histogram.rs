//! How many tiles of one shape hold how many nonzeros.

/// Occupancies of the tiles of one shape with the number of tiles that hold them, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<(u64, u64)>,
    tiles: u64,
    nonzeros: u64,
}

impl Histogram {
    /// From ascending (occupancy, tiles) pairs and the number that probabilities refer to, which
    /// is the sum of the tiles except under Timeloop's banded model.
    pub(super) fn new(counts: Vec<(u64, u64)>, tiles: u64) -> Self {
        let nonzeros = counts.iter().map(|(occupancy, tiles)| occupancy * tiles).sum();
        Self { counts, tiles: tiles.max(1), nonzeros }
    }

    /// From one count a tile.
    pub(super) fn of(counts: &[u32]) -> Self {
        let mut sorted = counts.to_vec();
        sorted.sort_unstable();
        let pairs = sorted
            .chunk_by(|first, second| first == second)
            .map(|chunk| (u64::from(chunk[0]), chunk.len() as u64))
            .collect();
        Self::new(pairs, counts.len() as u64)
    }

    /// Share of tiles with that occupancy.
    #[must_use]
    pub fn probability(&self, occupancy: u64) -> f64 {
        match self.counts.binary_search_by_key(&occupancy, |(own, _)| *own) {
            Ok(index) => self.share(self.counts[index].1),
            Err(_) => 0.0,
        }
    }

    /// Mean occupancy of a tile.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.nonzeros as f64 / self.tiles as f64
    }

    /// Least occupancy.
    #[must_use]
    pub fn least(&self) -> u64 {
        self.counts.first().map_or(0, |(occupancy, _)| *occupancy)
    }

    /// Greatest occupancy of the share `confidence` of the tiles with the least.
    #[must_use]
    pub fn quantile(&self, confidence: f64) -> u64 {
        let mut below = 0.0;
        for (occupancy, tiles) in &self.counts {
            below += self.share(*tiles);
            if below >= confidence - 1e-12 {
                return *occupancy;
            }
        }
        self.greatest()
    }

    /// Greatest occupancy.
    #[must_use]
    pub fn greatest(&self) -> u64 {
        self.counts.last().map_or(0, |(occupancy, _)| *occupancy)
    }

    /// Visits every occupancy that occurs with its share, ascending.
    pub fn each(&self, mut visit: impl FnMut(u64, f64)) {
        for (occupancy, tiles) in self.counts.iter().filter(|(_, tiles)| *tiles > 0) {
            visit(*occupancy, self.share(*tiles));
        }
    }

    fn share(&self, tiles: u64) -> f64 {
        tiles as f64 / self.tiles as f64
    }
}
