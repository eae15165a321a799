//! Inference methods: each turns a layer's weights into an exact plan, and the plan into counts.
//!
//! A method is one file that implements [`Method`] and one line in [`registry`].
//! What is counted is what runs: the counts come from the plan, and the plan is what the
//! tests execute and the kernels compile.

#![forbid(unsafe_code)]

mod bit_packed;
pub mod cache;
mod common;
mod dense;
mod filter_repetition;
mod halo;
mod plan;
mod planes;
mod program;
mod q_gym;
mod registry;
pub mod shared_sum;
mod storage;
pub mod subset_table;
mod sum_merge;
mod sums;
mod ucnn;
mod verification;
mod verify;

pub use bit_packed::bit_packed_multiply;
use common::{each_group, per_group, storage_of};
pub use plan::{Execution, Method, Plan, PlanOptions, PlanRequest, SEARCH_ITERATIONS_PER_SECOND};
pub use planes::plane_value;
pub use program::{
    InputSpace, LiveRanges, OpCounts, OpProgram, Output, ProgramExport, RegisterUse, Schedule,
    Shift, Step, Term, graphviz, simulate_registers, steps,
};
pub use registry::{find, registry};
pub use storage::WeightStorage;
pub use verification::{VECTORS, Verification, verify_plan};
pub use verify::verify;
