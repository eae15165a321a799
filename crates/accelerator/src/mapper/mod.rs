//! Searches mappings of a problem on an accelerator: tile factors, loop orders, spatial splits and
//! bypass, for the front of least energy and cycles.
//!
//! A small space (`space`) is walked through completely (`exhaust`), with loop orders that the
//! model cannot tell apart left out (`orders`). A large one is searched by islands of simulated
//! annealing (`walk`) that share their fronts (`front`) between rounds. Equal seed and budget
//! give equal results on any number of threads.

mod constraints;
mod design;
mod exhaust;
mod factors;
mod front;
mod judge;
mod orders;
mod point;
mod search;
mod space;
mod walk;

pub use constraints::{Constraint, parse as parse_constraints};
pub use design::Design;
pub use front::{Front, Solution};
pub use judge::Judge;
pub use search::{Outcome, Request, Stop, search};
pub use space::{Slot, SlotKind, Space};
