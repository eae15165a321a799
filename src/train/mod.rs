//! Quantisation-aware training.

mod block;
mod conv;
mod direct;
mod geometry;
mod initial;
mod layout;
mod loss;
mod network;
mod optimizer;
mod parameter;
mod pointwise;
mod pool;
mod schedule;
mod shortcut;
mod slot;
mod space;
mod surrogate;

pub use conv::Engine;
pub use geometry::Geometry;
pub use loss::Score;
pub use network::{ActivationKind, Density, Network};
pub use optimizer::{Optimizer, Rule};
pub use parameter::{Parameter, Role};
pub use schedule::Schedule;
pub use surrogate::{Quantizer, Surrogate, ede_factor, ede_parameters};
