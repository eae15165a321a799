//! What a network learns, by name, with its gradient.

/// How the optimiser and the quantiser treat a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Latent weights of a quantised layer; decayed.
    Latent,
    /// Weights of an fp32 layer; decayed.
    Weight,
    /// Biases, normalisation factors and slopes; not decayed.
    Offset,
    /// Running statistics: stored with the network but not trained.
    Statistic,
}

/// One named tensor in PyTorch's layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name in checkpoints.
    pub name: String,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: Vec<f32>,
    /// ∂loss/∂value of the last step; empty for a [`Role::Statistic`].
    pub gradient: Vec<f32>,
    /// Treatment.
    pub role: Role,
}

impl Parameter {
    /// A parameter of equal values.
    pub(super) fn filled(name: String, shape: Vec<usize>, value: f32, role: Role) -> Self {
        let len = shape.iter().product();
        let gradient = if role == Role::Statistic { Vec::new() } else { vec![0.0; len] };
        Self { name, shape, values: vec![value; len], gradient, role }
    }
}
