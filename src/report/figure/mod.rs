//! From files to the numbers of a figure. Nothing is recomputed: every number comes from a file.

mod choice;
mod fits;
mod gain;
mod input;
mod json;
mod ladder;
mod latents;
mod layers;
mod measured;
mod patterns;
mod points;
mod registry;
mod report;
mod roofline;
mod runs;
mod stacks;
mod sweep;
mod table;

pub use choice::Choice;
pub use gain::{GainRow, gain_figure};
pub use input::Input;
use input::single;
pub use latents::{LatentGroup, gauss_over_laplace, latent_figure};
pub use measured::Measured;
pub use patterns::{PatternRow, pattern_figure};
pub use points::tradeoff_figures;
pub use registry::{FIGURES, Kind, Recipe, recipe};
pub use runs::RUN_FILES;
