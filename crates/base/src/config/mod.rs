//! Reading TOML with a span on every value and all problems at once.
//!
//! Serde stops at the first problem, so files are parsed into a [`Document`]
//! (a tree with spans) and then read through [`TableReader`], which notes a
//! problem and goes on.

mod bounds;
mod depth;
mod quote;
mod reader;
mod tree;
mod values;
mod yaml;

pub use bounds::{Bounds, Located};
pub use quote::quoted;
pub use reader::TableReader;
pub use tree::{Document, Key, Node, Table, Value, read_text};
