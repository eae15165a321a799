//! Scheduling: a program becomes passes of straight-line vector steps.

mod cluster;
mod limits;
mod order;
mod push;
mod registers;
mod steps;
mod sweep;

pub use cluster::{Cluster, clusters};
pub use limits::Limits;
pub use steps::{Finish, Pass, Register, Source, Step, StepCounts};
pub use sweep::schedule;
