//! A pass of a layer with groups.

use super::schedule::Pass;

/// A pass and the group that it belongs to.
#[derive(Debug, Clone)]
pub(super) struct GroupPass {
    pub(super) group: u32,
    pub(super) pass: Pass,
}
