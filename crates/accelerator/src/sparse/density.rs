//! Where the nonzeros of a tensor lie: five models with one interface.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{
    Comb, EmptyShare, Histogram, Hypergeometric, Occupied, Rules, Slide, Tile, actual::Actual,
    banded::Banded, precise,
};
use signloop_base::diagnostics::Problem;

/// What is known of the parent tile that a tile lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given<'a> {
    /// Shape of the parent tile.
    pub tile: &'a Tile,
    /// Its nonzeros.
    pub occupancy: u64,
}

/// The density model of one tensor. Cheap to clone; clones share what they counted.
#[derive(Debug, Clone)]
pub struct Density {
    kind: Kind,
    tensor: Tile,
    nonzeros: u64,
    rules: Rules,
    key: u64,
}

#[derive(Debug, Clone)]
enum Kind {
    Dense,
    /// r nonzeros anywhere; the share as written is what Timeloop's compute analysis uses.
    Uniform {
        written: f64,
    },
    /// Every tile of n points holds ⌊n·d⌋ or ⌈n·d⌉.
    Structured {
        density: f64,
    },
    Banded(Arc<Banded>),
    Actual(Arc<Actual>),
}

impl Density {
    fn of(kind: Kind, tensor: Tile, nonzeros: u64, rules: Rules) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Only tells densities apart in tables; no result depends on it.
        let key = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { kind, tensor, nonzeros, rules, key }
    }

    /// No zeros.
    #[must_use]
    pub fn dense(tensor: Tile, rules: Rules) -> Self {
        Self::of(Kind::Dense, tensor, tensor.size(), rules)
    }

    /// ⌈density·N⌉ nonzeros, every choice of places equally likely: tile occupancies are
    /// hypergeometric.
    #[must_use]
    pub fn uniform(tensor: Tile, density: f64, rules: Rules) -> Self {
        let exact = tensor.size() as f64 * density;
        // 0.07 × 100 is a hair above 7; Timeloop rounds that up to 8.
        let slack = if rules == Rules::Exact { exact * 1e-12 } else { 0.0 };
        let nonzeros = ((exact - slack).ceil().max(0.0) as u64).min(tensor.size());
        if nonzeros == tensor.size() && density >= 1.0 {
            return Self::dense(tensor, rules);
        }
        Self::of(Kind::Uniform { written: density }, tensor, nonzeros, rules)
    }

    /// A share of nonzeros that holds in every tile as nearly as whole numbers allow, as in N:M
    /// patterns with tiles along the blocks of M.
    #[must_use]
    pub fn structured(tensor: Tile, density: f64, rules: Rules) -> Self {
        if density >= 1.0 {
            return Self::dense(tensor, rules);
        }
        let nonzeros = (tensor.size() as f64 * density).round() as u64;
        Self::of(Kind::Structured { density }, tensor, nonzeros, rules)
    }

    /// Nonzeros at |row − column| ≤ `half_width` of a square matrix.
    ///
    /// # Errors
    /// The tensor is no square matrix.
    pub fn banded(tensor: Tile, half_width: u64, rules: Rules) -> Result<Self, Problem> {
        if tensor.ranks() != 2 || tensor.extent(0) != tensor.extent(1) {
            let extents: Vec<u64> = tensor.extents().collect();
            return Err(Problem::new(format!(
                "a band needs a square matrix, the tensor is {extents:?}"
            )));
        }
        let banded = Banded::new(tensor.extent(0), half_width, rules);
        let nonzeros = banded.nonzeros();
        Ok(Self::of(Kind::Banded(Arc::new(banded)), tensor, nonzeros, rules))
    }

    /// The nonzeros of an actual tensor, such as a layer's quantised weights.
    #[must_use]
    pub fn actual(values: Occupied, rules: Rules) -> Self {
        let (tensor, nonzeros) = (values.tile(), values.nonzeros());
        if nonzeros == tensor.size() {
            return Self::dense(tensor, rules);
        }
        Self::of(Kind::Actual(Arc::new(Actual::new(values))), tensor, nonzeros, rules)
    }

    /// Shape of the whole tensor.
    #[must_use]
    pub fn tensor(&self) -> &Tile {
        &self.tensor
    }

    /// The rules it was made for.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Nonzeros of the whole tensor.
    #[must_use]
    pub fn nonzeros(&self) -> u64 {
        self.nonzeros
    }

    /// Share of nonzeros; under Timeloop's rules the density as written.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match (&self.kind, self.rules) {
            (Kind::Uniform { written }, Rules::Timeloop) => *written,
            (Kind::Structured { density }, _) => *density,
            _ if self.tensor.size() == 0 => 0.0,
            _ => self.nonzeros as f64 / self.tensor.size() as f64,
        }
    }

    /// Whether the tensor holds no zero.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.kind, Kind::Dense)
    }

    /// Whether every tile holds the same share, so that its probabilities are a product away.
    pub(super) fn is_structured(&self) -> bool {
        matches!(self.kind, Kind::Structured { .. })
    }

    /// Whether tiles of one size are alike wherever they lie, so that only sizes matter.
    #[must_use]
    pub fn is_statistical(&self) -> bool {
        matches!(self.kind, Kind::Dense | Kind::Uniform { .. } | Kind::Structured { .. })
    }

    /// Name in reports and files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Dense => "dense",
            Kind::Uniform { .. } => "uniform",
            Kind::Structured { .. } => "structured",
            Kind::Banded(_) => "banded",
            Kind::Actual(_) => "actual",
        }
    }

    /// Tells densities apart in tables.
    #[must_use]
    pub fn key(&self) -> u64 {
        self.key
    }

    fn draw(&self, tile: &Tile) -> Hypergeometric {
        Hypergeometric::new(self.tensor.size(), self.nonzeros, tile.size())
    }

    /// Timeloop's roundings depend on the last bit.
    fn precise(&self, tile: &Tile, occupancy: u64) -> f64 {
        precise::probability(self.tensor.size(), self.nonzeros, tile.size(), occupancy)
    }

    fn histogram(&self, tile: &Tile) -> Option<Arc<Histogram>> {
        match &self.kind {
            Kind::Banded(banded) => Some(banded.histogram(tile)),
            Kind::Actual(actual) => Some(actual.histogram(tile)),
            _ => None,
        }
    }

    /// Probability that a tile holds no nonzero; for counted tensors the share of aligned tiles.
    #[must_use]
    pub fn p_empty(&self, tile: &Tile) -> f64 {
        match &self.kind {
            Kind::Dense => 0.0,
            Kind::Uniform { .. } if self.rules == Rules::Timeloop => self.precise(tile, 0),
            Kind::Uniform { .. } => self.draw(tile).none(),
            Kind::Structured { density } => structured_empty(tile.size() as f64 * density),
            Kind::Banded(_) | Kind::Actual(_) => {
                self.histogram(tile).map_or(0.0, |histogram| histogram.probability(0))
            }
        }
    }

    /// Probability that the points of a comb hold no nonzero; `None` unless the places of the
    /// nonzeros are known, as a comb of any other tensor is a tile of its size.
    pub(crate) fn p_empty_comb(&self, comb: &Comb) -> Option<f64> {
        match &self.kind {
            Kind::Actual(actual) => Some(actual.empty_combs(comb)),
            _ => None,
        }
    }

    /// Shares of a slide's steps that meet no nonzero; `None` unless the places of the nonzeros are
    /// known.
    pub(crate) fn empty_slides(&self, slide: &Slide) -> Option<Arc<Vec<EmptyShare>>> {
        match &self.kind {
            Kind::Actual(actual) => Some(actual.empty_slides(slide)),
            _ => None,
        }
    }

    /// Whether the places of the nonzeros are known.
    pub(crate) fn is_actual(&self) -> bool {
        matches!(self.kind, Kind::Actual(_))
    }

    /// Probability that a tile holds exactly `occupancy` nonzeros.
    #[must_use]
    pub fn probability(&self, tile: &Tile, occupancy: u64) -> f64 {
        match &self.kind {
            Kind::Dense => f64::from(occupancy == tile.size()),
            Kind::Uniform { .. } if self.rules == Rules::Timeloop => self.precise(tile, occupancy),
            Kind::Uniform { .. } => self.draw(tile).probability(occupancy),
            Kind::Structured { density } => {
                structured_probability(tile.size() as f64 * density, occupancy)
            }
            Kind::Banded(_) | Kind::Actual(_) => {
                self.histogram(tile).map_or(0.0, |histogram| histogram.probability(occupancy))
            }
        }
    }

    /// Expected nonzeros of a tile.
    #[must_use]
    pub fn expected(&self, tile: &Tile) -> f64 {
        match &self.kind {
            Kind::Dense => tile.size() as f64,
            Kind::Uniform { .. } if self.rules == Rules::Timeloop => {
                let mut mean = 0.0;
                self.each_occupancy(tile, |occupancy, probability| {
                    mean += probability * occupancy as f64;
                });
                mean
            }
            Kind::Uniform { .. } => self.draw(tile).mean(),
            Kind::Structured { density } => tile.size() as f64 * density,
            // Timeloop takes the global density for a band, whatever the tiles hold.
            Kind::Banded(_) if self.rules == Rules::Timeloop => tile.size() as f64 * self.mean(),
            Kind::Banded(_) | Kind::Actual(_) => {
                self.histogram(tile).map_or(0.0, |histogram| histogram.mean())
            }
        }
    }

    /// Greatest occupancy of a tile at a confidence; 1 is certain.
    #[must_use]
    pub fn max_occupancy(&self, tile: &Tile, confidence: f64) -> u64 {
        match &self.kind {
            Kind::Dense => tile.size(),
            Kind::Uniform { .. } if confidence < 1.0 => self.draw(tile).quantile(confidence),
            Kind::Uniform { .. } => tile.size().min(self.nonzeros),
            Kind::Structured { density } => {
                let exact = tile.size() as f64 * density;
                let above = exact - exact.floor();
                if confidence <= 1.0 - above { exact.floor() as u64 } else { exact.ceil() as u64 }
            }
            Kind::Banded(_) | Kind::Actual(_) => self.histogram(tile).map_or(0, |histogram| {
                if confidence < 1.0 { histogram.quantile(confidence) } else { histogram.greatest() }
            }),
        }
    }

    /// Least occupancy of a tile.
    #[must_use]
    pub fn min_occupancy(&self, tile: &Tile) -> u64 {
        match &self.kind {
            Kind::Dense => tile.size(),
            // An integer division there makes the least density of a part of the tensor 0.
            Kind::Uniform { .. }
                if self.rules == Rules::Timeloop && tile.size() < self.tensor.size() =>
            {
                0
            }
            Kind::Uniform { .. } => self.draw(tile).least(),
            Kind::Structured { density } => (tile.size() as f64 * density).floor() as u64,
            Kind::Banded(_) | Kind::Actual(_) => {
                self.histogram(tile).map_or(0, |histogram| histogram.least())
            }
        }
    }

    /// Visits the occupancies of a tile in ascending order with their probabilities; tails that
    /// add up to less than 1e-15 are left out.
    pub fn each_occupancy(&self, tile: &Tile, mut visit: impl FnMut(u64, f64)) {
        match &self.kind {
            Kind::Dense => visit(tile.size(), 1.0),
            Kind::Uniform { .. } if self.rules == Rules::Timeloop => {
                let (first, listed) =
                    precise::hypergeometric(self.tensor.size(), self.nonzeros, tile.size());
                for (at, probability) in listed.into_iter().enumerate() {
                    visit(first + at as u64, probability);
                }
            }
            Kind::Uniform { .. } => self.draw(tile).each(visit),
            Kind::Structured { density } => {
                let exact = tile.size() as f64 * density;
                let above = exact - exact.floor();
                visit(exact.floor() as u64, 1.0 - above);
                if above > 0.0 {
                    visit(exact.ceil() as u64, above);
                }
            }
            Kind::Banded(_) | Kind::Actual(_) => {
                if let Some(histogram) = self.histogram(tile) {
                    histogram.each(visit);
                }
            }
        }
    }

    /// Expected blocks of `block` words that the nonzeros of a tile fill, E\[⌈k / block⌉\].
    #[must_use]
    pub fn expected_blocks(&self, tile: &Tile, block: u64) -> f64 {
        if block <= 1 {
            return self.expected(tile);
        }
        let mut blocks = 0.0;
        self.each_occupancy(tile, |occupancy, probability| {
            blocks += occupancy.div_ceil(block) as f64 * probability;
        });
        blocks
    }

    /// Probability that a tile is empty, when it lies in a parent tile of known occupancy.
    #[must_use]
    pub fn p_empty_given(&self, tile: &Tile, given: Given<'_>) -> f64 {
        let (points, occupancy) = (given.tile.size(), given.occupancy);
        match &self.kind {
            Kind::Dense => 0.0,
            Kind::Uniform { .. } => Hypergeometric::new(points, occupancy, tile.size()).none(),
            Kind::Structured { .. } => {
                structured_empty(tile.size() as f64 * (occupancy as f64 / points.max(1) as f64))
            }
            Kind::Banded(banded) => banded.empty_given(tile, given.tile, occupancy),
            Kind::Actual(actual) => actual.empty_given(tile, given.tile, occupancy),
        }
    }

    /// Most non-empty elements that a fiber can hold: what spatial skipping needs lanes for.
    #[must_use]
    pub fn max_elements(&self, fiber: &Tile, element: &Tile) -> u64 {
        let elements = fiber.size() / element.size().max(1);
        match (&self.kind, self.rules) {
            (Kind::Actual(actual), Rules::Exact) => actual.max_elements(fiber, element),
            _ => self.max_occupancy(fiber, 1.0).min(elements),
        }
    }
}

/// P(0) where a tile holds ⌊x⌋ or ⌈x⌉ nonzeros with mean x.
fn structured_empty(exact: f64) -> f64 {
    if exact < 1.0 { 1.0 - exact } else { 0.0 }
}

fn structured_probability(exact: f64, occupancy: u64) -> f64 {
    let above = exact - exact.floor();
    if occupancy as f64 == exact.floor() {
        1.0 - above
    } else if occupancy as f64 == exact.ceil() {
        above
    } else {
        0.0
    }
}
