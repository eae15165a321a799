//! `signloop` tells what a low-bit neural network costs, in operations, memory
//! traffic, time and energy, on a given machine.
//!
//! Data flows one way: hardware and network files are read by [`arch`] and
//! [`workload`]; weights become a [`quant::QuantizedTensor`]; a [`method`] turns
//! them into an exact operation program and its counts; the pure [`model`] turns
//! counts into traffic, cycles and energy; [`report`] prints them.

pub mod arch;
pub mod cache;
pub mod check;
pub mod cli;
pub mod config;
pub mod diagnostics;
pub mod error;
pub mod files;
pub mod kernel;
pub mod mapper;
pub mod mapping;
pub mod measure;
pub mod method;
pub mod model;
pub mod plot;
pub mod quant;
pub mod report;
pub mod reproduce;
pub mod selection;
pub mod sweep;
pub mod timeloop;
pub mod train;
pub mod units;
pub mod workload;

pub use error::{Error, Result};
