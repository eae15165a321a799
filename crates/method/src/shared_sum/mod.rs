//! `shared-sum` and `shift-shared`: the fewest adds.

mod blocks;
mod choice;
mod columns;
mod halving;
mod method;
mod order;
mod pattern_table;
mod portfolio;
mod prefix;
mod row_pattern;

pub use columns::Columns;
pub use method::{SharedSum, ShiftShared};
pub use pattern_table::{PatternKind, pattern_table_program};
pub use portfolio::{Budget, Candidate, Draft, build, fewest};
pub use prefix::{Window, prefix_program};
pub use row_pattern::{Ports, PrefixPorts, RowPattern, row_pattern_program};
