//! Quantisation-aware training.

mod aligned;
mod block;
pub mod checkpoint;
mod conv;
pub mod data;
mod direct;
pub mod fits;
mod geometry;
mod initial;
mod layout;
pub mod log;
mod loss;
mod network;
mod optimizer;
mod parameter;
mod pointwise;
mod pool;
mod recipe;
mod schedule;
mod session;
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
pub use recipe::Recipe;
pub use schedule::Schedule;
pub use session::{CHECKPOINT, LOG, Progress, Session};
pub use surrogate::{Quantizer, Surrogate, ede_factor, ede_parameters};
