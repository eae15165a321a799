//! Grids of simulations: every combination of machines, networks, schemes, methods and swept keys.
//!
//! A [`Spec`] is the file as read; a [`Grid`] numbers its points; a [`Sweep`] holds the checked
//! inputs and evaluates any range of points; [`run`] drives it through a journal, so that a run
//! that was killed goes on where it stopped; [`merge`] joins the shards of one sweep.

mod accelerated;
mod axis;
mod evaluate;
mod grid;
mod inputs;
mod journal;
mod manifest;
mod merge;
mod names;
mod options;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod path;
mod plans;
mod recover;
mod row;
mod run;
mod spec;
mod variants;

pub use axis::{Axis, Root, Swept};
pub use grid::{Grid, Shard};
pub use inputs::Sweep;
pub use journal::Journal;
pub use manifest::Manifest;
pub use merge::merge;
pub use names::Named;
pub use path::{KeyPath, Segment};
pub use recover::{Found, Head, Kept, Unreadable, recover};
pub use run::{Event, Outcome, run, stream};
pub use spec::{OnInvalid, Rows, Spec};
