//! `signloop` tells what a low-bit neural network costs, in operations, memory traffic, time and
//! energy, on a given machine.
//!
//! Data flows one way. Files become a [`machine`] and a [`network`]; quantised weights become an
//! exact op program and its counts by a [`method`]; the program is lowered for a target
//! ([`lower`]), modelled ([`cpu`]), and compiled and run ([`kernel`]). [`accelerator`] does for a
//! mapped tensor problem what [`cpu`] does for a program. A [`study`] answers a question with all of
//! them, and [`report`] holds and prints the answer. Each of the first ten modules is a crate of its
//! own, and its front page says more.

#![forbid(unsafe_code)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod report;
pub mod study;

pub use signloop_accelerator as accelerator;
pub use signloop_base as base;
pub use signloop_base::{Error, Result};
pub use signloop_cpu as cpu;
pub use signloop_kernel as kernel;
pub use signloop_lower as lower;
pub use signloop_machine as machine;
pub use signloop_method as method;
pub use signloop_network as network;
pub use signloop_plot as plot;
pub use signloop_train as train;
