//! A tensor problem as checked.

/// Most dimensions of a problem.
pub const MAX_DIMENSIONS: usize = 16;
/// Most tensors of a problem.
pub const MAX_TENSORS: usize = 4;
/// Most indices (ranks) of a tensor.
pub const MAX_INDICES: usize = 8;

/// One loop variable of the operation space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// Name, as `K`.
    pub name: String,
    /// Values it takes.
    pub size: u64,
}

/// One term of an index: coefficient times loop variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Index of the dimension in [`Problem::dimensions`].
    pub dimension: usize,
    /// Stride or dilation, at least 1.
    pub coefficient: u64,
}

/// Where the nonzeros of a tensor lie, as stated; the model turns it into probabilities.
#[derive(Debug, Clone, PartialEq)]
pub enum DensitySpec {
    /// No zeros.
    Dense,
    /// Nonzeros placed uniformly at random (hypergeometric occupancies).
    Uniform(f64),
    /// The same share in every tile (N:M structured).
    Structured(f64),
    /// A band around the diagonal of a square matrix; half width 0 is the diagonal alone.
    Banded(u64),
}

/// A tensor of the problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Name, as `Weights`.
    pub name: String,
    /// One sum of terms an index.
    pub indices: Vec<Vec<Term>>,
    /// Whether operations accumulate into it; other tensors are only read.
    pub output: bool,
    /// Where its nonzeros lie.
    pub density: DensitySpec,
}

/// A box of operations and its tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Name, as `MatMul`.
    pub name: String,
    /// The loop variables.
    pub dimensions: Vec<Dimension>,
    /// The tensors, the output among them.
    pub tensors: Vec<Tensor>,
}

impl Problem {
    /// Index of a dimension.
    #[must_use]
    pub fn dimension(&self, name: &str) -> Option<usize> {
        self.dimensions.iter().position(|dimension| dimension.name == name)
    }

    /// Index of a tensor.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<usize> {
        self.tensors.iter().position(|tensor| tensor.name == name)
    }

    /// Operations: the product of all sizes (bounded by the readers to 2^62).
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.dimensions.iter().map(|dimension| dimension.size).product()
    }
}

impl Tensor {
    /// Whether a dimension moves the tensor's indices.
    #[must_use]
    pub fn uses(&self, dimension: usize) -> bool {
        self.indices.iter().flatten().any(|term| term.dimension == dimension)
    }
}
