//! Plans kept on disk, so that the same layer is planned once.
//!
//! Nothing that an entry says is believed. [`PlanCache`] opens plain files of the same user only
//! and checks key and checksum, `decode` checks the structure; then the programs are executed
//! against the dense product, on inputs that nobody can know before, and counts, storage and
//! execution are computed from them again, as the method that made them does. An entry that says
//! otherwise in anything is planned anew and replaced, with a warning. What is not proved is that a
//! program is the best that its method finds: another right program with its own counts, written by
//! somebody who may write to the folder, is used. The folder has a limit; what has not been used
//! for longest goes first.

mod encode;
mod entry;
mod folder;
mod store;
#[cfg(test)]
mod tests;

pub use encode::{decode, encode};
pub use folder::{Contents, Folder};
pub use store::{PlanCache, is_right};
