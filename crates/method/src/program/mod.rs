//! The op program, the one form of "what runs", and what can be said about it without running it.
//!
//! | file | question |
//! |---|---|
//! | `dag` | what is summed, and how many adds that takes |
//! | `live` | from where to where a sum is needed |
//! | `counts` | how many adds, multiplies, loads and stores it takes |
//! | `schedule` | which slot of memory every sum has |
//! | `reuse` | how soon a slot is used again |
//! | `registers` | how many loads and stores are left with so many registers |
//! | `order` | the same program with its nodes close to their readers |
//! | `export` | JSON and Graphviz |

mod counts;
mod dag;
mod export;
mod live;
mod order;
mod registers;
mod reuse;
mod schedule;

pub use counts::OpCounts;
pub use dag::{InputSpace, OpProgram, Output, Shift, Term};
pub use export::{ProgramExport, graphviz};
pub use live::{LiveRanges, Step, steps};
pub use registers::{RegisterUse, simulate_registers};
pub use reuse::{LineTimes, SlotReuse, Times};
pub use schedule::Schedule;
