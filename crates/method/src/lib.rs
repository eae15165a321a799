//! Inference methods: each turns a layer's weights into an exact plan, and the plan into counts.
//!
//! A method is one file that implements [`Method`] and one line in [`registry`].
//! What is counted is what runs: the counts come from the plan, and the plan is what the
//! tests execute and the kernels compile.

#![forbid(unsafe_code)]

mod bit_packed;
pub mod cache;
mod dense;
mod filter_repetition;
mod halo;
mod planes;
mod planning;
mod program;
mod q_gym;
mod registry;
pub mod shared_sum;
pub mod subset_table;
mod sum_merge;
mod sums;
mod ucnn;
mod verify;

pub use bit_packed::bit_packed_multiply;
pub use planes::plane_value;
pub use planning::{
    Execution, Method, Plan, PlanOptions, PlanRequest, SEARCH_ITERATIONS_PER_SECOND, VECTORS,
    Verification, WeightStorage,
};
pub use program::{
    InputSpace, LineTimes, LiveRanges, OpCounts, OpProgram, Output, ProgramExport, RegisterUse,
    Schedule, Shift, SlotReuse, Step, Term, Times, graphviz, simulate_registers, steps,
};
pub use registry::{find, registry};
pub use verify::verify;
