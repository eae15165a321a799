//! A pass of a layer with groups.

use super::schedule::Pass;

/// A pass and the group that it belongs to.
#[derive(Debug, Clone)]
pub struct GroupPass {
    /// The group.
    pub group: u32,
    /// The pass.
    pub pass: Pass,
}
